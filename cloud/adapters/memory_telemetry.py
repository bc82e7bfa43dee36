"""The memory twins of the telemetry ports, for tests and for logic that runs without a disk."""

from collections import Counter, deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from typing_extensions import override

from cloud.errors import AlreadyReplayedError
from cloud.ports.ingest import (
    InboundMessage,
    Registration,
    Registrations,
    SealableLog,
    TelemetryStream,
)
from cloud.ports.telemetry import (
    MAX_EVENTS,
    AppReadings,
    DeadLetter,
    IngestCommit,
    LetterQuery,
    LoggedReading,
    ReplayableLetters,
)
from edge.contract import Event, Telemetry
from edge.contract.event import EventKind


@dataclass(slots=True)
class MemoryReadingLog(SealableLog, ReplayableLetters, AppReadings):
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
            known = self._letters.pop(letter.letter_id, None)
            times = 1 if known is None else known.times + 1
            self._letters[letter.letter_id] = replace(letter, times=times)
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
    def events_of(self, device_id: str, kind: EventKind, since: datetime) -> list[Event]:
        own = [each for each in self.events.values() if (each.device_id, each.kind) == (device_id, kind)]
        own.sort(key=lambda event: (event.occurred_at, event.event_id))
        return [event for event in own if event.occurred_at >= since][-MAX_EVENTS:]

    @override
    def letters(self, limit: int = 100) -> list[DeadLetter]:
        return self.select(LetterQuery(), limit)

    @override
    def count(self) -> int:
        return len(self._letters)

    @override
    def select(self, query: LetterQuery, limit: int) -> list[DeadLetter]:
        newest = sorted(self._letters.values(), key=lambda letter: letter.place, reverse=True)
        return [letter for letter in newest if query.matches(letter)][:limit]

    @override
    def reasons(self, query: LetterQuery) -> dict[str, int]:
        found = Counter(letter.reason for letter in self._letters.values() if query.matches(letter))
        return dict(sorted(found.items(), key=lambda each: (-each[1], each[0])))

    @override
    def settle(self, letter: DeadLetter, at: datetime, commit: IngestCommit) -> None:
        known = self._letters[letter.letter_id]
        if known.replayed_at is not None:
            raise AlreadyReplayedError(letter.letter_id)
        self._letters[letter.letter_id] = replace(known, replayed_at=at)
        self.commit(commit)

    @override
    def refuse_again(self, letter: DeadLetter, reason: str) -> None:
        known = self._letters[letter.letter_id]
        if known.replayed_at is None:
            self._letters[letter.letter_id] = replace(known, reason=reason)

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
    def cut(self, max_bytes: int) -> int:
        return 0  # nothing is stored many at once

    @override
    def forget(self, device_ids: Collection[str], up_to: int) -> int:
        kept = [
            logged
            for logged in self.readings
            if logged.position > up_to or logged.reading.device_id not in device_ids
        ]
        removed, self.readings = len(self.readings) - len(kept), kept
        self.events = {key: event for key, event in self.events.items() if key[0] not in device_ids}
        self._letters = {
            letter_id: letter
            for letter_id, letter in self._letters.items()
            if letter.principal not in device_ids
            and not any(f'"{device_id}"'.encode() in letter.element for device_id in device_ids)
        }
        return removed

    @override
    def continue_after(self, position: int) -> None:
        self._head = max(self._head, position)
        self._sealed = max(self._sealed, position)


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
    deleted: set[str] = field(default_factory=set[str])

    @override
    def find(self, device_id: str) -> Registration | None:
        return self.devices.get(device_id)

    @override
    def was_deleted(self, device_id: str) -> bool:
        return device_id in self.deleted
