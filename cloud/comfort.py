"""Comfort: where the upper limit of a home's comfort lies, as a distribution that overrides and silence move.

The limit is the warmth above the usual [K] beyond which the people are uncomfortable. It is not the same
every day: votes of the same people are alike on one day and differ from day to day, so today's limit is the
home's own plus a chance of the day. What happens today is therefore evidence of today first, and of the
home only when the day is over: one bad day is no dislike of warmth, and one good day no licence.

Between the limit and `SILENT_K` above it nobody acts; beyond that, somebody awake takes the remote at a
rate that grows with the warmth (ADVICE.md, study C: the silent zone is about 0.6 K wide). So an evening
without an override says a little, and an override says much, but not everything: people also change the
setpoint for other reasons. Households that use the app may say "a bit warm" as soon as the limit is passed;
whether this one does is believed and learnt too, since the silence of those who would have spoken says more.

The prior is study A's: of 17 households +1 K kept 12 comfortable and +2 K kept 5, which is a normal
distribution of 1.5 ± 0.9 K. Real votes agree: half ask for cooler air 1.0 K above what persons, and 1.85 K
above what groups, find neutral (`python -m infra.local.comfort_prior`).
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

PRIOR_MEAN_K, PRIOR_DEVIATION_K = 1.5, 0.9
"""The upper limit above the usual warmth over households [K]: study A."""

DAY_DEVIATION_K = 0.5
"""Standard deviation of the limit from day to day [K], with what the felt temperature of `cloud.felt` misses:
an assumption. Votes on a smart watch move by 1.4 K (26 people on a campus, out of doors too)."""

SILENT_K = 0.6
"""Discomfort on which nobody acts [K]: study C."""

STEEPNESS_K = 0.5
"""Warmth beyond the silent zone at which people act with the rate of their patience [K]; an assumption."""

LARGEST_RATIO = 3.0
"""The rate grows to so many times that, and no more [ratio]; an assumption."""

RATES_PER_H = (0.3, 0.8, 2.0)
"""Patient, usual and impatient people, equally likely [1/h]; an assumption that the evidence can overrule."""

OTHER_REASONS_PER_H = 0.004
OTHER_REASONS_H = 400.0
"""Rate at which somebody awake cools for other reasons than warmth [1/h], before the home has shown its own,
and the time awake at home that this counts as much as [h]: assumptions, twice a month. Who makes it warmer
for no reason of ours makes it cooler as often, so both directions tell."""

WORDS_PER_H = 0.7
WORDS_STEEPNESS_K = 0.3
"""People who use the app say "a bit warm" with this rate [1/h] so far beyond the limit [K]; assumptions."""

WORDS_FOR_NOTHING_PER_H = 0.001
"""The same below the limit [1/h]; an assumption."""

AT_HOME_H = 15.0
"""Hours of a day with somebody at home [h/day]; ASHRAE and time-use surveys give 14 to 16."""

TINY_PER_H = 1e-6
"""Those who never speak do so with this rate [1/h]: nothing is impossible."""

FORGETTING_DAYS = 120.0
"""Evidence fades towards the prior in so many days [days]: people and seasons change."""

GRID_K = 0.2
_LIMITS_K = GRID_K * np.arange(0, 21)
_TODAYS_K = GRID_K * np.arange(-7, 28)
"""A home's own limits, and today's [K]."""

_RATES = np.array(RATES_PER_H)
_SPEAKS = np.array([0.0, 1.0])
_SHAPE = (len(_LIMITS_K), len(_RATES), len(_SPEAKS))
_TODAY_SHAPE = (len(_TODAYS_K), len(_RATES), len(_SPEAKS))
_PRIOR = np.broadcast_to(
    -0.5 * (((_LIMITS_K - PRIOR_MEAN_K) / PRIOR_DEVIATION_K) ** 2)[:, None, None], _SHAPE
)
_CHANCE = np.exp(-0.5 * ((_TODAYS_K[:, None] - _LIMITS_K) / DAY_DEVIATION_K) ** 2)
_CHANCE /= _CHANCE.sum(axis=0)
"""Chance of each limit today by the home's own, (35, 21) [ratio]."""

_NOTHING = np.zeros(_TODAY_SHAPE)

_DIGITS: Final = 4
_STEP: Final = 10.0**_DIGITS
"""Weights are kept to so many digits, as whole numbers of that step."""

_WARMTH_STEP_K, _COOLEST_K, _WARMEST_K = 0.1, -2.0, 8.0
_WARMTHS_K = np.arange(_COOLEST_K, _WARMEST_K + _WARMTH_STEP_K / 2, _WARMTH_STEP_K)
_BEYOND_K = np.maximum(_WARMTHS_K[:, None] - _TODAYS_K, 0.0)


@dataclass(frozen=True, slots=True)
class Discomfort:
    """How far beyond today's limit it is expected to be at any warmth, as the limit is believed to lie.

    Attributes:
        beyond_k: For each warmth of the grid, the mean of what is beyond the limit, (101,) [K].
    """

    beyond_k: Floats

    @classmethod
    def of(cls, limit_ratio: Floats) -> "Discomfort":
        """From the probability of each limit, (35,)."""
        return cls(_BEYOND_K @ limit_ratio)

    def at_k(self, warmth_k: Floats) -> Floats:
        """What is expected beyond the limit at each warmth [K]."""
        return np.interp(warmth_k, _WARMTHS_K, self.beyond_k)

    def until_k2(self, warmth_k: Floats) -> Floats:
        """Its integral up to each warmth [K²]: what falls at 1 K/h costs so many K·h."""
        steps_k2 = (self.beyond_k[1:] + self.beyond_k[:-1]) * (_WARMTH_STEP_K / 2)
        area_k2 = np.concatenate([np.zeros(1), np.cumsum(steps_k2)])
        return np.asarray(np.interp(warmth_k, _WARMTHS_K, area_k2))


class ComfortLimit:
    """What is believed of one home's upper comfort limit.

    Every decision asks what is believed and hardly any evidence moves it, so what follows from it is kept.

    Args:
        log_weight: Logarithms of the weights of each limit, patience and silence or speech, (21 x 3 x 2).
        today: Logarithm of how likely what happened today is at each limit of today, (35 x 3 x 2).
        others: Changes to cooler for other reasons, as far as they can be told.
        awake_h: Time awake at home in which they were seen [h].
    """

    __slots__ = ("_before", "_discomfort", "_log_weight", "_today", "_todays_ratio", "awake_h", "others")

    def __init__(
        self,
        log_weight: npt.ArrayLike | None = None,
        today: npt.ArrayLike | None = None,
        others: float = 0.0,
        awake_h: float = 0.0,
    ) -> None:
        self.others, self.awake_h = others, awake_h
        self._log_weight = _PRIOR if log_weight is None else np.array(log_weight).reshape(_SHAPE)
        self._before: Floats | None = None
        self._todays_ratio: Floats | None = None
        self._discomfort: Discomfort | None = None
        self._see(_NOTHING if today is None else np.array(today).reshape(_TODAY_SHAPE))

    def packed(self) -> tuple[bytes, bytes, float, float]:
        """All of it; what was never moved takes no bytes, and what was is kept to the last digit."""
        log_weight = b"" if self._log_weight is _PRIOR else _packed(self._log_weight)
        today = b"" if self._today is _NOTHING else _packed(self._today)
        return log_weight, today, self.others, self.awake_h

    @classmethod
    def unpacked(cls, packed: tuple[bytes, bytes, float, float]) -> Self:
        """What `packed` gave.

        Raises:
            ValueError: It is damaged.
        """
        log_weight, today, others, awake_h = packed
        return cls(_unpacked(log_weight), _unpacked(today), others, awake_h)

    @property
    def other_reasons_per_h(self) -> float:
        """Rate at which somebody awake cools for other reasons than warmth [1/h]."""
        prior = OTHER_REASONS_PER_H * OTHER_REASONS_H
        return (prior + self.others) / (OTHER_REASONS_H + self.awake_h)

    def live(self, warmth_k: float, hours: float, *, asked: bool = True) -> None:
        """Awake people were at home for `hours` at `warmth_k`, and let it be.

        Args:
            warmth_k: Above the usual [K].
            hours: How long [h].
            asked: Whether it was advice, of which people could say "a bit warm".
        """
        self.awake_h += hours
        rate_per_h = _rate_per_h(warmth_k) + (_words_per_h(warmth_k) if asked else 0.0)
        if rate_per_h.any():
            self._believe(-hours * rate_per_h)

    def override(self, warmth_k: float) -> None:
        """Somebody cooled at `warmth_k`."""
        self.others += (1.0 - self.thermal_ratio(warmth_k)) / 2
        self._believe(np.log(_rate_per_h(warmth_k) + self.other_reasons_per_h))

    def warmer(self) -> None:
        """Somebody made it warmer than the habit."""
        self.others += 0.5

    def a_bit_warm(self, warmth_k: float) -> None:
        """Somebody said that `warmth_k` is a bit warm."""
        self._believe(np.log(_words_per_h(warmth_k) + WORDS_FOR_NOTHING_PER_H * _SPEAKS + TINY_PER_H))

    def thermal_ratio(self, warmth_k: float) -> float:
        """How likely an override at `warmth_k` is about warmth [ratio]."""
        rate = float((_rate_per_h(warmth_k) * self._todays()).sum())
        return rate / (rate + self.other_reasons_per_h)

    def override_ratio(self, warmths_k: Floats, hours: float) -> Floats:
        """Chance that somebody cools within `hours` awake at each warmth [K] because of it, (n,) [ratio]."""
        acts = -np.expm1(-hours * _strength(warmths_k[:, None])[:, :, None] * _RATES)
        return np.asarray(np.tensordot(acts, self._todays().sum(axis=2), axes=2))

    def discomfort(self) -> Discomfort:
        """What to expect of any warmth today."""
        if self._discomfort is None:
            self._discomfort = Discomfort.of(self._todays().sum(axis=(1, 2)))
        return self._discomfort

    def quantile_k(self, ratio: float) -> float:
        """The limit that today's is above with probability 1 - `ratio` [K]."""
        total = np.cumsum(self._todays().sum(axis=(1, 2)))
        return float(_TODAYS_K[int(np.searchsorted(total, ratio))])

    def forget(self) -> None:
        """A day has passed: what it says of the home is kept, and old evidence fades."""
        likely = _CHANCE.T @ np.exp(self._today).reshape(len(_TODAYS_K), -1)
        kept = 1.0 - 1.0 / FORGETTING_DAYS
        self.others, self.awake_h = self.others * kept, self.awake_h * kept
        weight = self._log_weight + np.log(np.maximum(likely, 1e-300)).reshape(_SHAPE)
        self._log_weight, self._before = _rounded(_PRIOR + kept * (weight - _PRIOR)), None
        self._see(_NOTHING)

    def _believe(self, log_likelihood: Floats) -> None:
        self._see(_rounded(self._today + log_likelihood))

    def _see(self, today: Floats) -> None:
        """This is what happened today: what followed from anything else is forgotten."""
        self._today = today
        self._todays_ratio = self._discomfort = None

    def _todays(self) -> Floats:
        """Probability of each limit today, patience and speech, (35, 3, 2)."""
        if self._todays_ratio is None:
            if self._before is None:
                before = _CHANCE @ np.exp(self._log_weight).reshape(len(_LIMITS_K), -1)
                self._before = before.reshape(_TODAY_SHAPE)
            weights = self._before * np.exp(self._today)
            self._todays_ratio = np.asarray(weights / weights.sum())
        return self._todays_ratio


def _rounded(log_weight: Floats) -> Floats:
    return np.asarray(np.round(log_weight - log_weight.max(), _DIGITS))


def _packed(rounded: Floats) -> bytes:
    return np.rint(rounded * _STEP).astype("<i4").tobytes()


def _unpacked(packed: bytes) -> Floats | None:
    return np.frombuffer(packed, "<i4") / _STEP if packed else None


def _rate_per_h(warmth_k: float) -> Floats:
    """Rate of acting at `warmth_k` for each limit today and patience, (35, 3, 1) [1/h]."""
    return np.asarray(_strength(warmth_k)[:, None, None] * _RATES[:, None])


def _strength(warmth_k: Floats | float) -> Floats:
    """How often people act at some warmth [K] for each limit today, in units of their rate, (..., 35)."""
    return np.minimum(np.maximum((warmth_k - SILENT_K - _TODAYS_K) / STEEPNESS_K, 0.0), LARGEST_RATIO)


def _words_per_h(warmth_k: float) -> Floats:
    """Rate of saying "a bit warm" at `warmth_k` for each limit today, by who speaks, (35, 1, 2) [1/h]."""
    beyond = np.minimum(np.maximum((warmth_k - _TODAYS_K) / WORDS_STEEPNESS_K, 0.0), LARGEST_RATIO)
    return np.asarray(beyond[:, None, None] * WORDS_PER_H * _SPEAKS)
