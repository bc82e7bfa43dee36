"""Wall-clock time to instants, also in the nights when the clock is put forward or back."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


class WallClock:
    """The clock that stamped a recording.

    In autumn an hour comes twice: the first row of a device with such a stamp is taken for the first pass
    (summer time), the second for the second. A file in which the first pass is missing altogether is
    therefore an hour early there. In spring an hour is skipped: its stamps name no instant.
    """

    def __init__(self, timezone: ZoneInfo) -> None:
        self._zone = timezone
        self._passed: set[tuple[str, datetime]] = set()

    def instant(self, device_id: str, wall: datetime) -> datetime | None:
        """The instant (UTC) of a naive stamp; None where the clock skipped it."""
        first = wall.replace(tzinfo=self._zone)
        second = first.replace(fold=1)
        if first.utcoffset() == second.utcoffset():
            return first.astimezone(UTC)
        if not self._shows(first):
            return None
        if (device_id, wall) in self._passed:
            return second.astimezone(UTC)
        self._passed.add((device_id, wall))
        return first.astimezone(UTC)

    def _shows(self, local: datetime) -> bool:
        """Whether the clock ever shows this: a skipped stamp comes back as another one."""
        back = local.astimezone(UTC).astimezone(self._zone)
        return back.replace(tzinfo=None) == local.replace(tzinfo=None)
