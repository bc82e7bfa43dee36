"""Memory twins of every port: the same promises without a disk or a network (but for a crash)."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from typing_extensions import override

from edge.contract import DeviceId
from edge.errors import DevicesUnavailableError, SpoolFullError, UplinkUnavailableError
from edge.ports import (
    STRANGER,
    Archive,
    Clock,
    DeadLetter,
    Devices,
    Intake,
    Parcel,
    Policy,
    Spool,
    Spooled,
    Standing,
    Uplink,
    concerned,
)


class MemorySpool(Spool, Archive):
    """A spool that lives as long as this object.

    Args:
        limit_bytes: Entries beyond this are refused [bytes].
        letters_limit_bytes: Dead letters beyond this push out the oldest [bytes].
        policy: What happens to entries beyond the limit, instead of refusing them.
        now: The clock (UTC).
    """

    def __init__(
        self,
        limit_bytes: int = 2**30,
        letters_limit_bytes: int = 2**24,
        *,
        policy: Policy = "refuse",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._limit_bytes = limit_bytes
        self._policy = policy
        self._now = now
        self._dropped = 0
        self._times: dict[int, datetime] = {}
        self._letters_limit_bytes = letters_limit_bytes
        self._positions = count(1)
        self._entries: list[Spooled] = []
        self._letters: dict[str, DeadLetter] = {}
        self._notes: dict[DeviceId, bytes] = {}

    @override
    def commit(self, intake: Intake) -> None:
        held, added = self._size_bytes(), sum(len(entry.body) for entry in intake.entries)
        fits = held + added <= self._limit_bytes
        if added and not fits and (self._policy == "refuse" or added > self._limit_bytes):
            raise SpoolFullError(held, self._limit_bytes)
        while added and self._size_bytes() + added > self._limit_bytes:
            self._dropped += self._entries.pop(0).entry.readings
        fresh = [Spooled(next(self._positions), entry) for entry in intake.entries]
        self._times |= {each.position: self._now() for each in fresh}
        self._entries += fresh
        for letter in intake.dead_letters:
            self._letters.setdefault(letter.letter_id, letter)
        self._notes.update(intake.notes)
        while sum(len(letter.element) for letter in self._letters.values()) > self._letters_limit_bytes:
            del self._letters[next(iter(self._letters))]

    @override
    def peek(self, limit_bytes: int) -> list[Spooled]:
        total = 0
        window: list[Spooled] = []
        for each in sorted(self._entries, key=lambda each: not each.is_awaited):
            total += len(each.entry.body)
            if window and total > limit_bytes:
                break
            window.append(each)
        return window

    @override
    def remove(self, window: Sequence[Spooled]) -> None:
        gone = {each.position for each in window}
        self._entries = [each for each in self._entries if each.position not in gone]

    @override
    def standing(self) -> Standing:
        readings = sum(each.entry.readings for each in self._entries)
        oldest_at = self._times[self._entries[0].position] if self._entries else None
        return Standing(readings, self._size_bytes(), len(self._letters), oldest_at, self._dropped)

    @override
    def letters(self, limit: int = 100) -> list[DeadLetter]:
        return list(reversed(self._letters.values()))[:limit]

    @override
    def notes(self) -> dict[DeviceId, bytes]:
        return dict(self._notes)

    @override
    def keep_only(self, device_ids: Collection[DeviceId]) -> None:
        kept = set(device_ids)
        self._notes = {name: note for name, note in self._notes.items() if name in kept}
        self._letters = {
            letter_id: letter
            for letter_id, letter in self._letters.items()
            if concerned(letter.topic, letter.principal) in kept or letter.reason.endswith(STRANGER)
        }

    def _size_bytes(self) -> int:
        return sum(len(each.entry.body) for each in self._entries)


@dataclass(slots=True)
class MemoryUplink(Uplink):
    """An uplink that hands parcels to whoever holds this object; `down` cuts it."""

    delivered: list[Parcel] = field(default_factory=list[Parcel])
    down: bool = False

    @override
    def send(self, parcels: Sequence[Parcel]) -> None:
        if self.down:
            raise UplinkUnavailableError("it is down")
        self.delivered.extend(parcels)


@dataclass(slots=True)
class MemoryDevices(Devices):
    """A site whose devices hand what they are told to whoever holds this object."""

    told: list[Parcel] = field(default_factory=list[Parcel])
    down: bool = False

    @override
    def tell(self, parcels: Sequence[Parcel]) -> None:
        if self.down:
            raise DevicesUnavailableError("it is down")
        self.told.extend(parcels)


@dataclass(slots=True)
class SetClock(Clock):
    """A clock that stands where it is set."""

    at: datetime
    behind: timedelta = timedelta(0)

    @override
    def observe(self, device_id: DeviceId, sampled_at: datetime) -> None:
        """A reading does not move it."""

    @override
    def now(self, device_id: DeviceId) -> datetime:
        return self.at

    @override
    def lag(self, device_id: DeviceId) -> timedelta:
        return self.behind
