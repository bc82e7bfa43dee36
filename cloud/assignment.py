"""Assignment: which days of a home are advised and which measured at its habit, by lot and before the day.

A block is 14 days of one home: each weekday twice. Of some weekdays of each block one of the two days, by
lot, is a habit day; the other one is its pair. So advised and habit days are compared within two weeks and on
the same weekday, and over seven blocks each weekday comes equally often. With one pair a block 7 % of the
days are habit days: the permanent hold-out. With seven it is half of them, a switchback.

A pure function of seed, home and local day: who asks twice, or elsewhere, is told the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Literal, TypeAlias

from cloud.errors import RejectedError

Arm: TypeAlias = Literal["advised", "habit"]

WEEK_DAYS, BLOCK_DAYS = 7, 14

EPOCH_BLOCKS = 7
"""After so many blocks each weekday was paired equally often."""


class AssignedDayError(RejectedError):
    """Days that have begun somewhere keep what was drawn for them."""

    def __init__(self, since: date, earliest: date) -> None:
        super().__init__(
            f"an assignment can change from {earliest} on, not from {since}: days before are drawn"
        )


@dataclass(frozen=True, slots=True)
class Design:
    """How days are drawn.

    Attributes:
        seed: Of the lots.
        pairs: Weekdays of each block that have a habit day, 0 to 7; so many 14ths of the days are.
        since: The first local day that it holds for.
    """

    seed: str
    pairs: int
    since: date = date.min


@dataclass(frozen=True, slots=True)
class HomeDay:
    """What was drawn for a day of a home.

    Attributes:
        arm: Whether advice is followed.
        block: Which block of the home's it is in.
        pair: Which of its seven pairs, if that one is measured; None: the day is not compared.
    """

    arm: Arm
    block: int
    pair: int | None


@dataclass(frozen=True, slots=True)
class Assignment:
    """Designs one after the other; the newest that had begun by a day draws it."""

    designs: tuple[Design, ...] = ()

    def of(self, home_id: str, day: date) -> HomeDay:
        """What was drawn for a local day of a home."""
        for design in reversed(self.designs):
            if design.since <= day:
                return draw(design, home_id, day)
        return HomeDay("advised", 0, None)

    def followed_by(self, design: Design, today: date) -> "Assignment":
        """With another design from a day on that has begun nowhere.

        Raises:
            AssignedDayError: It would change days that were drawn.
        """
        earliest = today + timedelta(days=2)  # tomorrow has begun in the far east
        if self.designs and design.since < earliest:
            raise AssignedDayError(design.since, earliest)
        return Assignment((*self.designs, design))


def draw(design: Design, home_id: str, day: date) -> HomeDay:
    """What a design draws for a local day of a home; blocks of homes begin on different days."""
    place = day.toordinal() + _offset(design.seed, home_id)
    block, of_block = divmod(place, BLOCK_DAYS)
    week, pair = divmod(of_block, WEEK_DAYS)
    if pair not in _measured(design, home_id, block):
        return HomeDay("advised", block, None)
    habit_week = _lot(design.seed, home_id, block, pair) % 2
    return HomeDay("habit" if week == habit_week else "advised", block, pair)


@lru_cache(maxsize=4096)
def _measured(design: Design, home_id: str, block: int) -> Sequence[int]:
    """The pairs of a block that are measured: in turns, in an order that is drawn anew every seven blocks."""
    epoch, turn = divmod(block, EPOCH_BLOCKS)
    order = sorted(range(WEEK_DAYS), key=lambda pair: _lot(design.seed, home_id, epoch, "order", pair))
    return [order[(turn + place) % WEEK_DAYS] for place in range(design.pairs)]


@lru_cache(maxsize=4096)
def _offset(seed: str, home_id: str) -> int:
    return _lot(seed, home_id, "offset") % BLOCK_DAYS


def _lot(*facts: object) -> int:
    digest = blake2b("\n".join(map(str, facts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")
