"""What ingest needs beside the log itself: where messages come from, who is registered, where runs go."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple, Protocol

from cloud.ports.telemetry import Lake, LoggedReading, ReadingLog


class InboundMessage(NamedTuple):
    """One message; `token` is the stream's own and says which delivery to acknowledge."""

    topic: str
    payload: bytes
    token: object = None


class TelemetryStream(Protocol):
    """Messages that the publishers were told are safe; each comes again until it is acknowledged."""

    def take(self, timeout_s: float) -> list[InboundMessage]:
        """What waits now, in order and bounded; blocks up to `timeout_s` for a first message."""
        ...

    def acknowledge(self, messages: Sequence[InboundMessage]) -> None:
        """They are durable here; one whose delivery is void meanwhile just comes again."""
        ...


@dataclass(frozen=True, slots=True)
class Registration:
    """What ingest must know of a device: who may speak for it, and whether its home shares presence.

    `let_in`: its people want it; not yet so of what a gateway has found by itself.
    """

    gateway_id: str | None
    share_presence: bool
    let_in: bool = True


class Registrations(Protocol):
    """The devices that are known."""

    def find(self, device_id: str) -> Registration | None:
        """The device's registration, at most seconds old; None for an unknown device.

        Raises:
            UnavailableError: It cannot be told now.
        """
        ...

    def was_deleted(self, device_id: str) -> bool:
        """Whether a device that is unknown was deleted by its people; nothing of what it says is kept.

        Raises:
            UnavailableError: It cannot be told now.
        """
        ...


class Said(Protocol):
    """What was taken in, but for the lake: readings, events and dead letters, wherever they are."""

    def head(self) -> int:
        """The newest position: everything that came until now has this one or a lower one."""
        ...

    def forget(self, device_ids: Collection[str], up_to: int) -> int:
        """Remove the devices' readings up to a position, their events, and dead letters of or about them.

        Returns:
            How many readings were removed.

        Raises:
            UnavailableError: Some of it is still there; forget again.
        """
        ...


class SealableLog(ReadingLog, Said, Protocol):
    """A reading log whose older part has moved into a lake."""

    def sealed(self) -> int:
        """Every reading up to this position is in the lake."""
        ...

    def catch_up(self) -> bool:
        """Do a piece of the work that commits have put off, for a moment without messages.

        Returns:
            Whether there was any.

        Raises:
            UnavailableError: It stays to be done.
        """
        ...

    def read_run(self, after: int, up_to: int, limit: int) -> Sequence[LoggedReading]:
        """The readings after position `after` up to `up_to`, at most `limit`, in order."""
        ...

    def record_sealed(self, position: int) -> None:
        """Every reading up to `position` is in the lake (a lower one than recorded changes nothing).

        Raises:
            UnavailableError: Nothing was written.
        """
        ...

    def prune(self, up_to: int, keep: timedelta) -> int:
        """Forget sealed readings up to position `up_to` that are older than their device's newest by `keep`.

        Returns:
            How many were forgotten.

        Raises:
            UnavailableError: Some of them are still there.
        """
        ...

    def cut(self, max_bytes: int) -> int:
        """Forget the oldest sealed readings, whoever may want them still, where much has come at once.

        Args:
            max_bytes: What sealed readings that came many at once may take [bytes].

        Returns:
            How many were forgotten.

        Raises:
            UnavailableError: Some of them are still there.
        """
        ...

    def continue_after(self, position: int) -> None:
        """Give positions above `position` only, and take everything up to it for sealed.

        For a log that is new (or was restored) before a lake that is older.
        """
        ...


@dataclass(frozen=True, slots=True)
class Forgetting:
    """How far devices are forgotten: rows that were removed now, and whether nothing is left to remove."""

    rows: int
    complete: bool


class CompactingLake(Lake, Protocol):
    """A lake of small files that can be merged, and in which rows can be removed."""

    def forget(self, device_ids: Collection[str], up_to: int) -> Forgetting:
        """Remove all rows of these devices up to a position, copies and snapshots of before included.

        A run that still has such rows loses them whenever it is written. What is not complete goes on with
        each `sweep`.

        Raises:
            UnavailableError: Some rows are still there; forget again.
        """
        ...

    def newest_position(self) -> int:
        """The highest position in the lake; 0 when it is empty."""
        ...

    def days(self) -> list[date]:
        """The UTC days that have files, ascending."""
        ...

    def count_readings(self) -> int:
        """How many distinct (device_id, sampled_at) there are now."""
        ...

    def size_bytes(self) -> int:
        """What the lake's files take on disk, without those that were replaced [bytes]."""
        ...

    def expire(self, before: date) -> int:
        """Let go of all days before `before`; snapshots keep them for a while.

        Returns:
            How many files were let go.

        Raises:
            UnavailableError: Nothing was done, as far as can be told; expire again.
        """
        ...

    def sweep(self) -> int:
        """Remove replaced files that no reader can need any more, and what killed writers left.

        Returns:
            How many files were removed.

        Raises:
            UnavailableError: Some of them are still there; sweep again.
        """
        ...

    def tidy(self, day: date) -> int:
        """Merge files of about the same size where a bucket of `day`, which goes on, has many of them.

        However many runs come, files stay few, and no row is written again more than a few times.

        Returns:
            How many files were merged away.

        Raises:
            UnavailableError: The rest is as it was; tidy again.
        """
        ...

    def compact(self, day: date) -> int:
        """Merge the files of each bucket of `day`, which is over; readers never miss or double a row.

        Little that came late stays beside the others until it is more.

        Returns:
            How many files were merged away.

        Raises:
            UnavailableError: The rest is as it was; compact again.
        """
        ...
