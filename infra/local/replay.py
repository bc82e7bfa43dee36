"""Replay: recorded homes become devices that publish, so that measured data go the way of any other."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias
from zoneinfo import ZoneInfo

import structlog

from device_sim.recordings.errors import DeviceNameError
from device_sim.recordings.formats import format_named
from device_sim.recordings.reading import RecordedReading
from edge.contract import MAX_PAYLOAD_BYTES, MAX_READINGS_PER_MESSAGE
from edge.contract.quantities import DEVICE_ID_PATTERN

Publish: TypeAlias = Callable[[str, bytes], None]
"""Sends a payload as telemetry of a device: (device_id, payload)."""

Progress: TypeAlias = Callable[[int, int], None]
"""Told after each message: (rows sent, rows in all)."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Recording:
    """What a folder holds.

    Attributes:
        readings: One for each row of its files, ascending by time.
        devices: Ids of all devices, ascending; each needs an identity at the broker.
    """

    readings: tuple[RecordedReading, ...]
    devices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReplayCounts:
    """What was sent.

    Attributes:
        rows: Rows of the files; each was sent as one reading.
        repeated_rows: Rows with the device and the instant of an earlier row; the lake keeps one of each.
        messages: MQTT messages.
        devices: Devices.
    """

    rows: int
    repeated_rows: int
    messages: int
    devices: int


def load(directory: Path, format_name: str, timezone: ZoneInfo | None) -> Recording:
    """Read the files of a folder.

    Args:
        directory: Holds files of the format.
        format_name: One of `device_sim.recordings.formats.FORMATS`.
        timezone: Where the clock hung whose local time the stamps are; not used by formats whose stamps say
            their offset.

    Raises:
        RecordingError: The folder cannot be read as this format; the text says what to do.
    """
    form = format_named(format_name)
    if timezone is not None and not form.needs_timezone:
        log.warning("timezone_ignored", format=format_name, timezone=timezone.key)
    readings = tuple(form.read(directory, timezone))
    devices = sorted({reading.device_id for reading in readings})
    for device_id in devices:
        if not re.fullmatch(DEVICE_ID_PATTERN, device_id):
            raise DeviceNameError(device_id)
    return Recording(readings, tuple(devices))


def replay(recording: Recording, publish: Publish, progress: Progress | None = None) -> ReplayCounts:
    """Send a recording in time order, each device's readings in messages as full as the contract allows.

    A message holds readings of one UTC day, so that no device runs more than a day ahead of another.
    """
    total = len(recording.readings)
    rows = messages = 0
    for device_id, batch in _messages(recording.readings):
        publish(device_id, batch.payload())
        rows += len(batch.parts)
        messages += 1
        if progress is not None:
            progress(rows, total)
    return ReplayCounts(rows, _repeated(recording.readings), messages, len(recording.devices))


@dataclass(slots=True)
class _Batch:
    parts: list[bytes] = field(default_factory=list[bytes])
    size_bytes: int = len(b"[]") - len(b",")

    def takes(self, part: bytes) -> bool:
        fits = self.size_bytes + len(b",") + len(part) <= MAX_PAYLOAD_BYTES
        return not self.parts or (fits and len(self.parts) < MAX_READINGS_PER_MESSAGE)

    def add(self, part: bytes) -> None:
        self.parts.append(part)
        self.size_bytes += len(b",") + len(part)

    def payload(self) -> bytes:
        return b"[" + b",".join(self.parts) + b"]"


def _messages(readings: Iterable[RecordedReading]) -> Iterator[tuple[str, _Batch]]:
    open_batches: dict[str, _Batch] = {}
    day = None
    for reading in readings:
        if reading.sampled_at.date() != day:
            yield from open_batches.items()
            open_batches, day = {}, reading.sampled_at.date()
        part = json.dumps(reading.payload, separators=(",", ":"), allow_nan=False).encode()
        batch = open_batches.setdefault(reading.device_id, _Batch())
        if not batch.takes(part):
            yield reading.device_id, batch
            batch = open_batches[reading.device_id] = _Batch()
        batch.add(part)
    yield from open_batches.items()


def _repeated(readings: Iterable[RecordedReading]) -> int:
    keys = [(reading.device_id, reading.payload.get("sampled_at")) for reading in readings]
    return len(keys) - len(set(keys))
