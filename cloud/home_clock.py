"""The clock on the wall of a home: half-hours of local days, in which habits and absences are learnt."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

SLOT_S = 1800
"""Length of a slot [s]: fine enough for when people leave, coarse enough to repeat from day to day."""

SLOTS_PER_DAY = 48

_UNIX_EPOCH_DAY = date(1970, 1, 1).toordinal()
_SATURDAY = 5


class Slot(NamedTuple):
    """A half-hour.

    Fields: `number` counts half-hours since 1970 (UTC); `day` is the ordinal of the local day; `of_day`
    counts the half-hours since local midnight by the wall clock, 0 to 47; `weekend` is Saturday or Sunday.
    """

    number: int
    day: int
    of_day: int
    weekend: bool


class HomeClock:
    """Local half-hours of one time zone.

    Args:
        timezone: IANA name.
    """

    def __init__(self, timezone: str) -> None:
        self._zone = ZoneInfo(timezone)
        self._last = _slot(self._zone, 0)

    def slot(self, at_s: float) -> Slot:
        """The half-hour around an instant [s since 1970]."""
        index = int(at_s // SLOT_S)
        if index != self._last.number:
            self._last = _slot(self._zone, index)
        return self._last

    def ahead(self, at_s: float, count: int) -> list[Slot]:
        """The half-hour around an instant and those after it, `count` in all."""
        first = int(at_s // SLOT_S)
        return [_slot(self._zone, index) for index in range(first, first + count)]


@lru_cache(maxsize=16_384)  # homes of one time zone ask for the same half-hours again and again
def _slot(zone: ZoneInfo, index: int) -> Slot:
    offset = datetime.fromtimestamp(index * SLOT_S, UTC).astimezone(zone).utcoffset() or timedelta()
    day, time_of_day_s = divmod(index * SLOT_S + int(offset.total_seconds()), 86_400)
    # 1970-01-01 was a Thursday
    return Slot(index, day + _UNIX_EPOCH_DAY, time_of_day_s // SLOT_S, (day + 3) % 7 >= _SATURDAY)
