"""How many readings of a device never came, told by the gaps in its `seq`."""

from dataclasses import dataclass
from typing import NamedTuple


class AheadCount(NamedTuple):
    """How many readings of a device were ahead of the time at which they came, and how far at worst [s]."""

    readings: int
    worst_s: float


@dataclass(slots=True)
class SeqCount:
    """The newest reading of a device and the count of those that are missing.

    Attributes:
        position: Place in the log of the newest reading.
        sampled_at_ms: Its time [ms since 1970]; None before the first reading.
        last_seq: The highest `seq` since the device last began to count.
        missing: How many between did not come [readings].
    """

    position: int = 0
    sampled_at_ms: int | None = None
    last_seq: int | None = None
    missing: int = 0

    def add(self, position: int, sampled_at_ms: int, seq: int | None) -> None:
        """Take in one more reading, in order of arrival.

        A lower `seq` of an older time has filled a gap; one of a newer time says that the device counts
        from the start again.
        """
        newer = self.sampled_at_ms is None or sampled_at_ms >= self.sampled_at_ms
        if seq is not None:
            self._count(seq, newer=newer)
        if newer:
            self.position, self.sampled_at_ms = position, sampled_at_ms

    def _count(self, seq: int, *, newer: bool) -> None:
        if self.last_seq is None:
            self.last_seq = seq
        elif seq > self.last_seq:
            self.missing += seq - self.last_seq - 1
            self.last_seq = seq
        elif seq < self.last_seq and newer:
            self.last_seq = seq
        elif seq < self.last_seq:
            self.missing = max(0, self.missing - 1)
