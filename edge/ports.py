"""Ports: what the gateway's logic needs from the outside, in words that name no technology."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol, TypeAlias

from edge.contract import DeviceId, topics

EntryKind: TypeAlias = Literal["readings", "event", "report"]


@dataclass(frozen=True, slots=True)
class Message:
    """What somebody published: a device on the site, or the cloud.

    Attributes:
        topic: Where.
        payload: What.
        retained: Whether the broker kept it from before we listened: nobody knows how old it is.
    """

    topic: str
    payload: bytes
    retained: bool = False


@dataclass(frozen=True, slots=True)
class Parcel:
    """What the gateway publishes, to the cloud or to a device."""

    topic: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """Something on its way to the cloud.

    Attributes:
        device_id: Whose it is.
        kind: Readings of one message, one event, or one shadow report.
        body: JSON; for readings the objects joined by commas, so that a batch is made without parsing.
        readings: How many readings `body` holds; 0 for the other kinds.
    """

    device_id: DeviceId
    kind: EntryKind
    body: bytes
    readings: int = 0


@dataclass(frozen=True, slots=True)
class Spooled:
    """An entry with its place in the spool (ascending, with gaps)."""

    position: int
    entry: Entry

    @property
    def is_awaited(self) -> bool:
        """Whether it goes before readings: somebody waits to hear what became of a command."""
        return self.entry.kind != "readings"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message, or one element of it, that was refused; kept until somebody repairs the sender.

    Attributes:
        letter_id: Digest of topic, index and element, so that a repeat of the same fault is one letter.
        received_at: When it came first (UTC).
        topic: Where it was published.
        principal: Who published it: the id in the topic, to which the site's broker holds a device.
        reason: One line for the person who has to repair the sender.
        index: Position in the array; None when the whole message was refused.
        element: What was refused.
    """

    letter_id: str
    received_at: datetime
    topic: str
    principal: str
    reason: str
    index: int | None
    element: bytes


def concerned(topic: str, principal: str) -> str:
    """The device that a dead letter concerns: by the contract's topic; of another make, by its sender."""
    return topics.owner(topic) if topics.is_ours(topic) else principal


@dataclass(frozen=True, slots=True)
class Intake:
    """What one round of messages makes durable, all or nothing.

    Attributes:
        entries: What goes on to the cloud, in order of arrival.
        dead_letters: What was refused.
        notes: What is known of each device's shadow, by device id; replaces what was noted before.
    """

    entries: Sequence[Entry] = ()
    dead_letters: Sequence[DeadLetter] = ()
    notes: Mapping[DeviceId, bytes] = field(default_factory=dict[DeviceId, bytes])


@dataclass(frozen=True, slots=True)
class Standing:
    """What the spool holds.

    Attributes:
        readings: Readings that wait.
        size_bytes: All entries [bytes].
        dead_letters: Distinct dead letters.
        oldest_at: When the oldest entry came (UTC); None when none waits.
        dropped_readings: Readings that went for want of room, ever; 0 under the policy `refuse`.
    """

    readings: int
    size_bytes: int
    dead_letters: int
    oldest_at: datetime | None = None
    dropped_readings: int = 0


Policy: TypeAlias = Literal["refuse", "oldest_out"]
"""What a full spool does: take nothing more, or let the oldest entries go (counted, and said)."""


class Spool(Protocol):
    """The gateway's memory of what the cloud does not have yet; survives a crash.

    Events and reports, which somebody waits for, come out before readings; each of both first in, first out.
    One caller commits and another peeks and removes, at the same time.
    """

    def commit(self, intake: Intake) -> None:
        """Make `intake` durable: when this returns, neither a crash nor a power cut loses any of it.

        Dead letters beyond their own limit push out the oldest.

        Raises:
            SpoolFullError: The entries would not fit, and the policy is to refuse (or they are more than all
                the room there is); nothing was written. Do not acknowledge: the sender or its broker keeps
                them.
            SpoolUnavailableError: The disk failed; nothing was written.
        """
        ...

    def peek(self, limit_bytes: int) -> list[Spooled]:
        """What is to be sent next, together at most `limit_bytes`, but at least one entry if there is any."""
        ...

    def remove(self, window: Sequence[Spooled]) -> None:
        """Forget what `peek` gave; after a crash some may be back."""
        ...

    def standing(self) -> Standing:
        """What is in it now; costs next to nothing."""
        ...


STRANGER: Final = "is not registered behind this gateway"
"""How the reason ends for which a message of an unregistered device is refused."""


class Archive(Protocol):
    """What the gateway keeps for itself, and for the person who repairs."""

    def letters(self, limit: int = 100) -> list[DeadLetter]:
        """The newest dead letters, newest first."""
        ...

    def notes(self) -> dict[DeviceId, bytes]:
        """What was noted last of each device's shadow."""
        ...

    def keep_only(self, device_ids: Collection[DeviceId]) -> None:
        """Leave nothing of devices that were registered and are not any more, but for what is on its way.

        Their notes go, and what was refused of them while they were registered; a stranger's letters stay.

        Raises:
            SpoolUnavailableError: Some of it may still be there; try again.
        """
        ...


class Uplink(Protocol):
    """The way from the gateway to the cloud."""

    def send(self, parcels: Sequence[Parcel]) -> None:
        """Deliver every parcel at least once, in order; returns when the cloud has them all.

        Raises:
            UplinkUnavailableError: Delivery of some is not certain; send the same parcels again.
        """
        ...


class Devices(Protocol):
    """The way from the gateway to the devices on the site."""

    def tell(self, parcels: Sequence[Parcel]) -> None:
        """Hand every parcel over for delivery, in order; a lost connection may lose some.

        Raises:
            DevicesUnavailableError: The site is away; tell what still matters when it is back.
        """
        ...


class Clock(Protocol):
    """What time it is for a device."""

    def observe(self, device_id: DeviceId, sampled_at: datetime) -> None:
        """A reading of this device says that it is at least `sampled_at`."""
        ...

    def now(self, device_id: DeviceId) -> datetime:
        """Now, UTC."""
        ...

    def lag(self, device_id: DeviceId) -> timedelta:
        """How far `now` may be behind the device's own time."""
        ...
