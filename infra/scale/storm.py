"""Queueing: a region's homes come back at once, and one shard gets more than it takes.

Homes are alike, so how many wait until which second after how many failures is all the state there is, and
a million homes take little longer than a thousand.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from edge.backoff import BASE_S, CAP_S

CONNECTS_PER_S: Final = 500
"""Of an account (AWS General Reference, "AWS IoT Core message broker"; can be raised)."""

SETTLED_S: Final = 60
"""After so long the waits have grown to the longest [s]."""

GIVE_UP_S: Final = 6 * 3600
"""A fleet that is not back by then is not waited for [s]."""

ALIKE_AFTER: Final = 16
"""Failures after which another one changes no wait: it has grown to the longest."""

LONGEST_CAP_S: Final = 3600
"""No cap is looked at that is longer [s]."""

Counts = npt.NDArray[np.int64]
Waits = Callable[[int, int, np.random.Generator], Counts]


@dataclass(frozen=True, slots=True)
class Storm:
    """What came of it.

    Attributes:
        over_s: The second in which the last home was back [s].
        busiest_per_s: Attempts in the busiest second after the first minute [1/s].
        attempts: Mean attempts of a home.
    """

    over_s: int
    busiest_per_s: int
    attempts: float


def jittered_up_to(cap_s: float) -> Waits:
    """How many of `count` wait 1, 2, ... seconds after so many failures: full jitter, at most `cap_s` [s]."""

    def waits(count: int, failures: int, rng: np.random.Generator) -> Counts:
        longest_s = _longest_s(failures, cap_s)
        return rng.multinomial(count, np.full(longest_s, 1 / longest_s))

    return waits


jittered: Final = jittered_up_to(CAP_S)
"""As gateways do."""


def in_step(count: int, failures: int, _: np.random.Generator) -> Counts:
    """The same without jitter: all wait for the longest."""
    return np.bincount([_longest_s(failures, CAP_S) - 1], weights=[count]).astype(np.int64)


def _longest_s(failures: int, cap_s: float) -> int:
    return max(1, round(min(cap_s, BASE_S * 2.0 ** min(failures, 30))))


def reconnect(homes: int, waits: Waits, seed: int) -> Storm:
    """All connections drop in second 0, and whoever is above the quota is refused."""
    rng = np.random.default_rng(seed)
    due = np.zeros((ALIKE_AFTER + 1, GIVE_UP_S + LONGEST_CAP_S), np.int64)  # by failures so far and second
    due[0, 0], left, attempts, busiest = homes, homes, 0, 0
    second = 0
    while left and second < GIVE_UP_S:
        total = int(due[:, second].sum())
        attempts += total
        busiest = max(busiest, total if second >= SETTLED_S else 0)
        left -= min(total, CONNECTS_PER_S)
        _refuse(due, second, total, (waits, rng))
        second += 1
    return Storm(second if not left else GIVE_UP_S, busiest, attempts / homes)


def _refuse(due: Counts, second: int, total: int, how: tuple[Waits, np.random.Generator]) -> None:
    """Whoever is not among the first, drawn from all that asked, comes again."""
    waits, rng = how
    asked = due[:, second]
    taken = rng.multivariate_hypergeometric(asked, min(total, CONNECTS_PER_S), method="marginals")
    refused = asked - taken
    for level in np.flatnonzero(refused).tolist():
        again = waits(int(refused[level]), level, rng)
        due[min(level + 1, ALIKE_AFTER), second + 1 : second + 1 + len(again)] += again


def longest_wait_s(load_per_s: float, burst_per_s: float, burst_s: int, takes_per_s: int, seed: int) -> float:
    """How long the newest record of a shard waits at worst [s], while somebody's spool goes to it, too.

    Args:
        load_per_s: What its other keys send [1/s], by a Poisson process.
        burst_per_s: What the one key sends beside [1/s].
        burst_s: For so long [s].
        takes_per_s: What the shard takes [1/s].
        seed: Of the process.
    """
    arrivals = np.random.default_rng(seed).poisson(load_per_s, 4 * 3600).astype(np.float64)
    arrivals[:burst_s] += burst_per_s
    waiting = longest = 0.0
    for arrived in arrivals:
        waiting = max(0.0, waiting + float(arrived) - takes_per_s)
        longest = max(longest, waiting)
    return longest / takes_per_s
