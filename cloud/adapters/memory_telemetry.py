"""The memory twins of the telemetry ports, for tests and for logic that runs without a disk."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

import pyarrow as pa
from typing_extensions import override

from cloud.adapters.lake_table import scan_table
from cloud.ports.ingest import (
    CompactingLake,
    InboundMessage,
    Registration,
    Registrations,
    SealableLog,
    TelemetryStream,
)
from cloud.ports.telemetry import DeadLetter, DeadLetters, IngestCommit, LoggedReading, Readings
from edge.contract import Event, Telemetry


@dataclass(slots=True)
class MemoryReadingLog(SealableLog, Readings, DeadLetters):
    """A reading log that forgets everything with the process."""

    readings: list[LoggedReading] = field(default_factory=list[LoggedReading])
    events: dict[tuple[str, str], Event] = field(default_factory=dict[tuple[str, str], Event])
    _letters: dict[str, DeadLetter] = field(default_factory=dict[str, DeadLetter])
    _head: int = 0
    _sealed: int = 0

    @override
    def commit(self, commit: IngestCommit) -> int:
        for reading in commit.readings:
            if all(reading != logged.reading for logged in self.readings):
                self._head += 1
                self.readings.append(LoggedReading(self._head, reading))
        for event in commit.events:
            self.events.setdefault((event.device_id, event.event_id), event)
        for letter in commit.dead_letters:
            known = self._letters.pop(letter.letter_id, letter)
            self._letters[letter.letter_id] = replace(known, received_at=letter.received_at)
        return self._head

    @override
    def catch_up(self) -> bool:
        return False

    @override
    def read_run(self, after: int, up_to: int, limit: int) -> list[LoggedReading]:
        return [logged for logged in self.read_after(after, limit) if logged.position <= up_to]

    @override
    def read_after(self, position: int, limit: int = 5000) -> list[LoggedReading]:
        return [logged for logged in self.readings if logged.position > position][:limit]

    @override
    def head(self) -> int:
        return self._head

    @override
    def latest(self, device_id: str) -> Telemetry | None:
        own = [logged for logged in self.readings if logged.reading.device_id == device_id]
        newest = max(own, key=lambda logged: (logged.reading.sampled_at, logged.position), default=None)
        return None if newest is None else newest.reading

    @override
    def between(self, device_id: str, start: datetime, end: datetime) -> list[Telemetry]:
        found = {
            logged.reading.sampled_at: logged.reading
            for logged in self.readings
            if logged.reading.device_id == device_id and start <= logged.reading.sampled_at < end
        }
        return [found[at] for at in sorted(found)]

    @override
    def letters(self, limit: int = 100) -> list[DeadLetter]:
        arrived = reversed(self._letters.values())  # ties: the one that came last is the newest
        return sorted(arrived, key=lambda letter: letter.received_at, reverse=True)[:limit]

    @override
    def count(self) -> int:
        return len(self._letters)

    @override
    def sealed(self) -> int:
        return self._sealed

    @override
    def record_sealed(self, position: int) -> None:
        self._sealed = max(self._sealed, position)

    @override
    def prune(self, up_to: int, keep: timedelta) -> int:
        newest: dict[str, datetime] = {}
        for reading in (logged.reading for logged in self.readings):
            newest[reading.device_id] = max(
                reading.sampled_at, newest.get(reading.device_id, reading.sampled_at)
            )
        kept = [
            logged
            for logged in self.readings
            if logged.position > min(up_to, self._sealed)
            or logged.reading.sampled_at >= newest[logged.reading.device_id] - keep
        ]
        pruned, self.readings = len(self.readings) - len(kept), kept
        return pruned

    @override
    def continue_after(self, position: int) -> None:
        self._head = max(self._head, position)
        self._sealed = max(self._sealed, position)


@dataclass(slots=True)
class MemoryLake(CompactingLake):
    """A lake that forgets everything with the process; it has no files, so there is nothing to merge."""

    runs: dict[int, list[LoggedReading]] = field(default_factory=dict[int, list[LoggedReading]])

    @override
    def write(self, first_position: int, readings: Sequence[LoggedReading]) -> None:
        self.runs[first_position] = list(readings)

    @override
    def scan(self, start: datetime | None = None, end: datetime | None = None) -> pa.Table:
        found: dict[tuple[str, datetime], LoggedReading] = {}
        for logged in self._rows():
            found[logged.reading.device_id, logged.reading.sampled_at] = logged
        return scan_table(
            found[device_id, at].reading
            for device_id, at in sorted(found)
            if (start is None or at >= start) and (end is None or at < end)
        )

    @override
    def newest_position(self) -> int:
        return max((logged.position for logged in self._rows()), default=0)

    @override
    def days(self) -> list[date]:
        return sorted({logged.reading.sampled_at.date() for logged in self._rows()})

    @override
    def compact(self, day: date) -> int:
        return 0

    def _rows(self) -> Iterable[LoggedReading]:
        everything = [logged for run in self.runs.values() for logged in run]
        return sorted(everything, key=lambda logged: logged.position)


@dataclass(slots=True)
class MemoryStream(TelemetryStream):
    """A stream that gives out what waits and remembers what was acknowledged."""

    waiting: deque[InboundMessage] = field(default_factory=deque[InboundMessage])
    acknowledged: list[InboundMessage] = field(default_factory=list[InboundMessage])

    @override
    def take(self, timeout_s: float) -> list[InboundMessage]:
        taken = list(self.waiting)
        self.waiting.clear()
        return taken

    @override
    def acknowledge(self, messages: Sequence[InboundMessage]) -> None:
        self.acknowledged += messages


@dataclass(slots=True)
class MemoryRegistrations(Registrations):
    """Registrations that a test writes down."""

    devices: dict[str, Registration] = field(default_factory=dict[str, Registration])

    @override
    def find(self, device_id: str) -> Registration | None:
        return self.devices.get(device_id)
