"""Telemetry history: the ordered log of accepted readings, the lake behind it, and what was refused."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import pyarrow as pa

from edge.contract import Event, Telemetry


@dataclass(frozen=True, slots=True)
class LoggedReading:
    """An accepted reading with its place in the log (ascending, with gaps)."""

    position: int
    reading: Telemetry


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message, or one element of it, that was refused; kept until somebody repairs and replays it.

    `letter_id` is a digest of topic, index and element, so a repeat of the same fault is one dead letter.
    """

    letter_id: str
    received_at: datetime
    topic: str
    principal: str
    reason: str
    index: int | None
    element: bytes


@dataclass(frozen=True, slots=True)
class IngestCommit:
    """What one round of ingest writes, all or nothing."""

    readings: Sequence[Telemetry] = field(default=())
    events: Sequence[Event] = field(default=())
    dead_letters: Sequence[DeadLetter] = field(default=())
    received_at: datetime | None = None


class ReadingLog(Protocol):
    """What ingest has accepted, in order of arrival; one writer, many readers."""

    def commit(self, commit: IngestCommit) -> int:
        """Make `commit` durable and return the position of its last reading.

        A reading whose (device_id, sampled_at) is already in the log with the same content is skipped; with
        other content it is logged again, and the last arrival wins.

        Raises:
            UnavailableError: Nothing was written (disk full, locked): do not acknowledge, try again.
        """
        ...

    def read_after(self, position: int, limit: int = 5000) -> list[LoggedReading]:
        """Readings after `position`, in order."""
        ...

    def head(self) -> int:
        """The position of the newest reading; 0 when there is none."""
        ...


class Readings(Protocol):
    """Recent readings by device, for apps."""

    def latest(self, device_id: str) -> Telemetry | None:
        """The reading with the newest `sampled_at`."""
        ...

    def between(self, device_id: str, start: datetime, end: datetime) -> list[Telemetry]:
        """Readings with start <= sampled_at < end, ascending, one per instant."""
        ...


class DeadLetters(Protocol):
    """What was refused."""

    def letters(self, limit: int = 100) -> list[DeadLetter]:
        """The newest dead letters."""
        ...

    def count(self) -> int:
        """How many distinct dead letters there are."""
        ...


class Lake(Protocol):
    """The telemetry history: immutable columnar files, partitioned by UTC day and device bucket."""

    def write(self, first_position: int, readings: Sequence[LoggedReading]) -> None:
        """Store a run of the log; writing the same run again replaces it.

        Raises:
            UnavailableError: Nothing was written; write the same run again.
        """
        ...

    def scan(self, start: datetime | None = None, end: datetime | None = None) -> pa.Table:
        """Readings with start <= sampled_at < end, one row per (device_id, sampled_at), last arrival wins.

        Columns are the telemetry fields; `sampled_at` is timestamp[ms, UTC]; sorted by device, time.
        """
        ...
