"""Telemetry history: the ordered log of accepted readings, the lake behind it, and what was refused."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
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


class LakeReader(Protocol):
    """The telemetry history as it was at one moment, for as many questions as are asked."""

    @property
    def version(self) -> int:
        """Which state of the lake it is; a later one has a higher number."""
        ...

    def scan(self, start: datetime | None = None, end: datetime | None = None) -> pa.Table:
        """Readings with start <= sampled_at < end, one row per (device_id, sampled_at), last arrival wins.

        Columns are the telemetry fields; `sampled_at` is timestamp[ms, UTC]; sorted by device, time.

        Raises:
            UnavailableError: The lake cannot be read, or what it was then is no longer there: a quarter of
                an hour after files were merged or expired, and at once after a device was forgotten.
        """
        ...

    def days(self) -> list[date]:
        """The UTC days that have readings, ascending."""
        ...

    def count_readings(self) -> int:
        """How many distinct (device_id, sampled_at) there are.

        Raises:
            UnavailableError: As `scan`.
        """
        ...


class Lake(Protocol):
    """The telemetry history: immutable columnar files, partitioned by UTC day and device bucket."""

    def write(self, first_position: int, readings: Sequence[LoggedReading]) -> None:
        """Store a run of the log, all or nothing; writing the same run again replaces it.

        Raises:
            UnavailableError: Nothing was written, as far as can be told; write the same run again.
        """
        ...

    def scan(self, start: datetime | None = None, end: datetime | None = None) -> pa.Table:
        """As `LakeReader.scan`, of what the lake holds now."""
        ...

    def snapshot(self) -> LakeReader:
        """What the lake holds now; nothing that happens later changes its answers.

        Raises:
            UnavailableError: It cannot be told now.
        """
        ...
