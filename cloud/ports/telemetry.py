"""Telemetry history: the ordered log of accepted readings, the lake behind it, and what was refused."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol, TypeAlias

import pyarrow as pa

from edge.contract import Event, Telemetry
from edge.contract.event import EventKind

MAX_EVENTS = 200
"""Events of a device in one answer."""

Place: TypeAlias = tuple[datetime, str]
"""Where a dead letter is in lists: when it came last (UTC), and its id."""


@dataclass(frozen=True, slots=True)
class LoggedReading:
    """An accepted reading with its place in the log (ascending, with gaps)."""

    position: int
    reading: Telemetry


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message, or one element of it, that was refused; kept until somebody repairs and replays it.

    `letter_id` is a digest of topic, index and element, so a repeat of the same fault is one dead letter.

    Attributes:
        letter_id: The digest, in hexadecimal digits.
        received_at: When it came last (UTC).
        topic: Where it was published.
        principal: Who published it: the id in the topic.
        reason: One line for the person who has to repair the sender.
        index: Position in the array; None when the whole message was refused.
        element: What was refused, without `motion`.
        times: How often it came.
        replayed_at: When it was replayed and accepted (UTC); None while it is open.
    """

    letter_id: str
    received_at: datetime
    topic: str
    principal: str
    reason: str
    index: int | None
    element: bytes
    times: int = 1
    replayed_at: datetime | None = None

    @property
    def place(self) -> Place:
        """Lists begin with the highest: the newest, and of one moment the highest id."""
        return self.received_at, self.letter_id


@dataclass(frozen=True, slots=True)
class LetterQuery:
    """Which dead letters; what is empty or None matches all.

    Attributes:
        letter_id: How the id begins.
        reason: A part of the reason.
        topic: A part of the topic.
        principal: The publisher.
        since: When it came last, at the earliest.
        replayed: Those that were replayed and accepted, or those that are open.
        after: Those that a list has behind the letter at this place (`DeadLetter.place`).
    """

    letter_id: str = ""
    reason: str = ""
    topic: str = ""
    principal: str = ""
    since: datetime | None = None
    replayed: bool | None = None
    after: Place | None = None

    def matches(self, letter: DeadLetter) -> bool:
        """Whether `letter` is one of them."""
        return (
            letter.letter_id.startswith(self.letter_id)
            and self.reason in letter.reason
            and self.topic in letter.topic
            and self.principal in ("", letter.principal)
            and (self.since is None or letter.received_at >= self.since)
            and self.replayed in (None, letter.replayed_at is not None)
            and (self.after is None or letter.place < self.after)
        )


@dataclass(frozen=True, slots=True)
class IngestCommit:
    """What one round of ingest writes, all or nothing."""

    readings: Sequence[Telemetry] = field(default=())
    events: Sequence[Event] = field(default=())
    dead_letters: Sequence[DeadLetter] = field(default=())
    received_at: datetime | None = None


class ReadingFeed(Protocol):
    """What ingest has accepted, in order of arrival, for whoever follows it."""

    def read_after(self, position: int, limit: int = 5000) -> list[LoggedReading]:
        """Readings after `position`, in order.

        Raises:
            UnavailableError: It cannot be read now.
        """
        ...

    def head(self) -> int:
        """The position of the newest reading; 0 when there is none.

        Raises:
            UnavailableError: It cannot be told now.
        """
        ...


class ReadingLog(ReadingFeed, Protocol):
    """What ingest has accepted, in order of arrival; writers follow each other, readers never wait."""

    def commit(self, commit: IngestCommit) -> int:
        """Make `commit` durable and return the position of its last reading.

        A reading whose (device_id, sampled_at) is already in the log with the same content is skipped; with
        other content it is logged again, and the last arrival wins.

        Raises:
            UnavailableError: Nothing was written (disk full, locked): do not acknowledge, try again.
        """
        ...


class Readings(Protocol):
    """Recent readings by device, for apps."""

    def latest(self, device_id: str) -> Telemetry | None:
        """The reading with the newest `sampled_at`."""
        ...

    def between(self, device_id: str, start: datetime, end: datetime) -> list[Telemetry]:
        """Readings with start <= sampled_at < end, ascending, one per instant."""
        ...


class DeviceEvents(Protocol):
    """What happened at a device, for apps."""

    def events_of(self, device_id: str, kind: EventKind, since: datetime) -> list[Event]:
        """Its events of a kind with occurred_at >= since, ascending; the newest `MAX_EVENTS` of them.

        Raises:
            UnavailableError: They cannot be read now.
        """
        ...


class AppReadings(Readings, ReadingFeed, DeviceEvents, Protocol):
    """All that apps are told of devices, of the last days."""


class DeadLetters(Protocol):
    """What was refused."""

    def letters(self, limit: int = 100) -> list[DeadLetter]:
        """The newest dead letters."""
        ...

    def count(self) -> int:
        """How many distinct dead letters there are, replayed ones among them."""
        ...

    def select(self, query: LetterQuery, limit: int) -> list[DeadLetter]:
        """The dead letters that match, the newest first."""
        ...

    def reasons(self, query: LetterQuery) -> dict[str, int]:
        """How many of those that match have each reason, the most frequent first."""
        ...


class ReplayableLetters(Readings, DeadLetters, Protocol):
    """Dead letters beside the log or lake into which they go once they are accepted."""

    def settle(self, letter: DeadLetter, at: datetime, commit: IngestCommit) -> None:
        """Keep what a letter of these brings, then mark it replayed `at`.

        Whoever is killed in between leaves an open letter, or none, and nothing comes twice when it is
        settled again.

        Raises:
            AlreadyReplayedError: It is replayed; nothing was written.
            UnavailableError: It is open still, as far as can be told: settle it again.
        """
        ...

    def refuse_again(self, letter: DeadLetter, reason: str) -> None:
        """The letter stays, with the reason that speaks against it now; a replayed one is left alone.

        Raises:
            UnavailableError: It may have its reason of before.
        """
        ...


class LakeReader(Protocol):
    """The telemetry history as it was at one moment, for as many questions as are asked."""

    @property
    def version(self) -> int:
        """Which state of the lake it is; a later one has a higher number."""
        ...

    def scan(
        self, start: datetime | None = None, end: datetime | None = None, device_id: str | None = None
    ) -> pa.Table:
        """Readings with start <= sampled_at < end, one row per (device_id, sampled_at), last arrival wins.

        Columns are the telemetry fields; `sampled_at` is timestamp[ms, UTC]; sorted by device, time. With
        `device_id` only those of that device, which is quick.

        Raises:
            UnavailableError: The lake cannot be read, or what it was then is no longer there: a quarter of
                an hour after files were merged or expired, and at once after a device was forgotten.
        """
        ...

    def parts(self, start: datetime | None = None, end: datetime | None = None) -> Iterator[pa.Table]:
        """What `scan` gives, in parts that are smaller: each has all the rows of its devices.

        Raises:
            UnavailableError: As `scan`, at any part.
        """
        ...

    def questions(
        self, start: datetime | None = None, end: datetime | None = None
    ) -> Sequence[Callable[[], pa.Table]]:
        """The same parts, unread: each is read when and where it is called, if need be by another process.

        Raises:
            UnavailableError: As `scan`; so does each of them.
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

    def scan(
        self, start: datetime | None = None, end: datetime | None = None, device_id: str | None = None
    ) -> pa.Table:
        """As `LakeReader.scan`, of what the lake holds now."""
        ...

    def snapshot(self) -> LakeReader:
        """What the lake holds now; nothing that happens later changes its answers.

        Raises:
            UnavailableError: It cannot be told now.
        """
        ...
