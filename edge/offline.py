"""Offline advice: what the advisor last asked for in a situation like this one, while the cloud is away.

While the cloud is there, each reading of a device notes which advice is in force in which situation: local
hour, somebody seen or not, warm or hot outdoors and indoors. A person's change strikes the entry out. Where
the cloud has been away for `AWAY_AFTER`, the entry nearest to the present situation is asked for, like a
command of the advisor: etiquette judges it, and it expires. Nothing is asked for where nothing was learnt.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from edge.contract import Desired, DeviceId, Telemetry
from edge.contract.quantities import Instant
from edge.registry import Registration
from edge.shadow_sync import DeviceShadow, Settings

AWAY_AFTER: Final = timedelta(minutes=15)
"""A shorter silence of the cloud is none: commands in force go on until they expire."""

STANDS_FOR: Final = timedelta(hours=1)
"""How long one command of the table holds; it is renewed while the situation is the same."""

RENEWED_BEFORE: Final = timedelta(minutes=15)
"""How long before its end."""

SEEN_WITHIN: Final = timedelta(hours=1)
"""Somebody is home who was seen so lately."""

BAND_K: Final = 3.0
"""Width of the bands of outdoor and indoor temperature [K]."""

MAX_ENTRIES: Final = 400
"""Of one device; then the oldest go."""

COMMAND: Final = "offline-"
"""What the ids of these commands begin with."""


class Cell(BaseModel):
    """A situation.

    Attributes:
        hour: Of the local day.
        present: Whether somebody is home; None: no sensor says so.
        outdoor: Band of the outdoor temperature; None: unknown.
        indoor: Band of the indoor temperature; None: unknown.
    """

    model_config = ConfigDict(frozen=True)

    hour: int
    present: bool | None
    outdoor: int | None
    indoor: int | None

    def distance(self, other: "Cell") -> tuple[int, int] | None:
        """How far the temperatures are apart, in bands; None: another situation altogether."""
        if (self.hour, self.present) != (other.hour, other.present):
            return None
        outdoor, indoor = _apart(self.outdoor, other.outdoor), _apart(self.indoor, other.indoor)
        return (outdoor, indoor) if max(outdoor, indoor) <= 1 else None


class Entry(BaseModel):
    """What was advised in a situation, and when that was last so."""

    model_config = ConfigDict(frozen=True)

    cell: Cell
    settings: Settings
    at: Instant


class Table(BaseModel):
    """What is known of one device.

    Attributes:
        seen_at: When the cloud was last there, in the device's time.
        entries: The advice, the oldest first.
    """

    model_config = ConfigDict(frozen=True)

    seen_at: Instant
    entries: tuple[Entry, ...] = ()


class _Device:
    """The table of one device at work, and what its sensors say."""

    def __init__(self, table: Table | None) -> None:
        self.seen_at = None if table is None else table.seen_at
        self.entries = {} if table is None else {entry.cell: entry for entry in table.entries}
        self._outdoor_c: float | None = None
        self._indoor_c: float | None = None
        self._has_sensor = False
        self._moved_at: datetime | None = None

    def sense(self, reading: Telemetry) -> None:
        """Remember what a reading measures."""
        self._outdoor_c = reading.outdoor_dry_bulb_c
        self._indoor_c = reading.indoor_dry_bulb_c
        if reading.motion is not None:
            self._has_sensor = True
        if reading.motion:
            self._moved_at = reading.sampled_at

    def cell(self, now: datetime, timezone: str) -> Cell:
        """The present situation."""
        present = None
        if self._has_sensor:
            present = self._moved_at is not None and now - self._moved_at <= SEEN_WITHIN
        hour = now.astimezone(ZoneInfo(timezone)).hour
        return Cell(hour=hour, present=present, outdoor=_band(self._outdoor_c), indoor=_band(self._indoor_c))

    def note(self, cell: Cell, settings: Settings, at: datetime) -> None:
        """The newest advice comes last."""
        self.entries.pop(cell, None)
        self.entries[cell] = Entry(cell=cell, settings=settings, at=at)
        if len(self.entries) > MAX_ENTRIES:
            del self.entries[next(iter(self.entries))]

    def nearest(self, cell: Cell, oldest_at: datetime) -> Entry | None:
        """The entry whose situation is most like `cell`."""
        near = [
            (distance, -index, entry)
            for index, entry in enumerate(self.entries.values())
            if entry.at >= oldest_at and (distance := entry.cell.distance(cell)) is not None
        ]
        return min(near, key=lambda each: each[:2])[2] if near else None


class OfflineAdvice:
    """The tables of all devices whose people have agreed to it.

    Args:
        max_age: So long after the cloud was last there nothing is asked for any more; an entry stands for
            fourteen times as long, two weeks of days.
        is_cloud_there: Whether it can be reached.
        tables: What was kept before.
    """

    def __init__(
        self,
        max_age: timedelta,
        is_cloud_there: Callable[[], bool],
        tables: Mapping[DeviceId, Table],
    ) -> None:
        self._max_age = max_age
        self._is_cloud_there = is_cloud_there
        self._devices = {device_id: _Device(table) for device_id, table in tables.items()}

    def hear(
        self,
        registration: Registration,
        readings: Sequence[Telemetry],
        shadow: DeviceShadow,
        now: datetime,
    ) -> Desired | None:
        """Learn from readings while the cloud is there; while it is away, what to ask the device for."""
        fresh = [reading for reading in readings if now - reading.sampled_at <= SEEN_WITHIN]
        if not registration.offline_advice or not fresh:
            return None
        device = self._devices.setdefault(registration.device_id, _Device(None))
        for reading in fresh:
            device.sense(reading)
        cell = device.cell(now, registration.timezone)
        if self._is_cloud_there():
            _learn(device, cell, shadow, now)
        elif device.seen_at is not None and AWAY_AFTER <= now - device.seen_at < self._max_age:
            entry = device.nearest(cell, now - 14 * self._max_age)
            until = min(now + STANDS_FOR, device.seen_at + self._max_age)
            return None if entry is None else _command(entry, shadow, now, until)
        return None

    def ages(self, now: Callable[[DeviceId], datetime]) -> dict[DeviceId, timedelta]:
        """How long the cloud has been away from each device that has a table; empty while it is there."""
        if self._is_cloud_there():
            return {}
        known = [(name, device) for name, device in list(self._devices.items()) if device.entries]
        return {name: now(name) - device.seen_at for name, device in known if device.seen_at is not None}

    def tables(self) -> dict[DeviceId, Table]:
        """All of it, as it is kept."""
        return {
            name: Table(seen_at=device.seen_at, entries=tuple(device.entries.values()))
            for name, device in list(self._devices.items())
            if device.seen_at is not None
        }

    def keep_only(self, device_ids: Collection[DeviceId]) -> None:
        """Forget the devices that are not among these."""
        for device_id in self._devices.keys() - set(device_ids):
            del self._devices[device_id]


def _learn(device: _Device, cell: Cell, shadow: DeviceShadow, now: datetime) -> None:
    device.seen_at = now if device.seen_at is None else max(now, device.seen_at)
    granted = shadow.granted
    if shadow.hold_until is not None and now < shadow.hold_until:
        device.entries.pop(cell, None)
    elif granted is not None and granted.requested_by == "advisor" and not _is_over(granted, now):
        device.note(cell, Settings.of(granted), now)


def _command(entry: Entry, shadow: DeviceShadow, now: datetime, until: datetime) -> Desired | None:
    """The entry as a command of the advisor; None while what is in force says the same, or is a person's."""
    granted = shadow.granted
    if granted is not None and not _is_over(granted, now):
        if granted.requested_by not in ("advisor", "schedule"):
            return None
        ends = granted.expires_at
        ends_soon = ends is not None and ends < min(until, now + RENEWED_BEFORE)
        is_ours = (granted.command_id or "").startswith(COMMAND) or granted.requested_by == "schedule"
        if not ends_soon and (not is_ours or Settings.of(granted).covers(entry.settings)):
            return None
    return Desired(
        **entry.settings.model_dump(),
        command_id=f"{COMMAND}{now:%Y%m%dT%H%M%SZ}",
        requested_by="advisor",
        expires_at=until,
    )


def _is_over(command: Desired, now: datetime) -> bool:
    return command.expires_at is not None and command.expires_at <= now


def _band(temperature_c: float | None) -> int | None:
    return None if temperature_c is None else int(temperature_c // BAND_K)


def _apart(band: int | None, other: int | None) -> int:
    """An unknown temperature is one band from any."""
    if band is None or other is None:
        return int(band is not other)
    return abs(band - other)
