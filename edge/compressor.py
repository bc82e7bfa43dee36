"""Compressor: which indoor units share one, and when it may be started, stopped or turned round again.

The outdoor unit of a multi-split cools or heats for all of its rooms, never both: its units are one group.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from edge.contract import Mode

Work: TypeAlias = Literal["cool", "heat", "auto"]
"""What a compressor does: `auto` lets the unit choose."""

_WORK: dict[Mode, Work] = {"cool": "cool", "dry": "cool", "heat": "heat", "auto": "auto"}


def work_of(mode: Mode | None) -> Work | None:
    """What a mode asks of the compressor; None: nothing."""
    return None if mode is None else _WORK.get(mode)


@dataclass(frozen=True, slots=True)
class Rest:
    """How long a compressor runs at least once it was started, and stands once it was stopped."""

    min_on: timedelta
    min_off: timedelta


@dataclass(frozen=True, slots=True)
class Compressor:
    """What is known of a unit's compressor.

    Attributes:
        mode: The unit's own mode; None while unknown.
        others: The modes of the other units on it.
        switched_at: When one of its units was last switched on, off or round; None while unknown.
    """

    mode: Mode | None = None
    others: tuple[Mode, ...] = ()
    switched_at: datetime | None = None

    def conflicts(self, asked: Mode | None) -> bool:
        """Whether `asked` is other work than what the other rooms have now."""
        wanted = work_of(asked)
        return wanted is not None and any(work != wanted for work in self._work_for_others())

    def rests_until(self, asked: Mode | None, rest: Rest) -> datetime | None:
        """Until when the compressor must be left as it is; None when `asked` does not switch it."""
        if asked is None or self.mode is None or self.switched_at is None:
            return None
        before = work_of(self.mode)
        if work_of(asked) == before or any(self._work_for_others()):
            return None
        return self.switched_at + (rest.min_off if before is None else rest.min_on)

    def _work_for_others(self) -> Iterable[Work]:
        return [work for work in map(work_of, self.others) if work is not None]
