"""Clocks: the wall's, and one that follows the readings when simulated time runs fast."""

from datetime import UTC, datetime, timedelta

from typing_extensions import override

from edge.contract import DeviceId
from edge.ports import Clock

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Before the first reading of all, a clock of readings stands here: nothing has expired yet."""

WALL_LAG = timedelta(seconds=30)
"""By how much a device's clock may be ahead of ours, its message under way included."""

MAX_LAG = timedelta(hours=1)
"""A longer gap between readings is an outage and no sampling interval."""


class WallClock(Clock):
    """UTC now, the same for every device."""

    @override
    def observe(self, device_id: DeviceId, sampled_at: datetime) -> None:
        """A reading does not move the wall's clock."""

    @override
    def now(self, device_id: DeviceId) -> datetime:
        return datetime.now(UTC)

    @override
    def lag(self, device_id: DeviceId) -> timedelta:
        return WALL_LAG


class TelemetryClock(Clock):
    """The newest `sampled_at` of the device; of any device while this one has said nothing.

    It is behind by up to the time between two readings.
    """

    def __init__(self) -> None:
        self._newest: dict[DeviceId, datetime] = {}
        self._steps: dict[DeviceId, timedelta] = {}
        self._newest_of_all = EPOCH

    @override
    def observe(self, device_id: DeviceId, sampled_at: datetime) -> None:
        before = self._newest.get(device_id)
        if before is not None and sampled_at <= before:
            return
        if before is not None:
            self._steps[device_id] = min(sampled_at - before, MAX_LAG)
        self._newest[device_id] = sampled_at
        self._newest_of_all = max(self._newest_of_all, sampled_at)

    @override
    def now(self, device_id: DeviceId) -> datetime:
        return self._newest.get(device_id, self._newest_of_all)

    @override
    def lag(self, device_id: DeviceId) -> timedelta:
        return self._steps.get(device_id, MAX_LAG)
