"""Live updates: what changes at the devices that somebody watches, found out once a process.

One thread follows the reading log by position and looks at the state of the watched devices; it runs only
while somebody watches. Every replica does so by itself, over the stores that all share. A stream keeps a
place, never a queue: what it has not fetched waits in one ring for all, so a slow client holds no memory.
"""

import hashlib
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

import structlog

from cloud.ports.telemetry import LoggedReading, ReadingFeed
from mobile_api.access import OwnedDevice, Principal, owned_devices
from mobile_api.live_views import Kind, reading_event, state_events
from mobile_api.services import services
from mobile_api.sessions import find_session

POLL_S = 1.0
"""How often changes are looked for [s]."""

MAX_BEHIND = 5000
"""Readings of all devices that are read at once; when more have come, streams are told to read anew."""

RING = 2000
"""Readings of watched devices that wait for streams to fetch them."""

Ending: TypeAlias = Literal["access", "draining"]

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Change(NamedTuple):
    """A reading of a watched device; `data` is JSON."""

    position: int
    device_id: str
    data: str


class State(NamedTuple):
    """What is now so of a device; `digest` changes with it."""

    digest: int
    data: str


States: TypeAlias = Mapping[tuple[str, Kind], State]


@dataclass(slots=True, eq=False)
class Watch:
    """What one stream watches; it ends when the person's devices are no longer these."""

    principal: Principal
    device_ids: frozenset[str]
    ending: Ending | None = None


@dataclass(frozen=True, slots=True)
class News:
    """What there is for a stream.

    Attributes:
        readings: In order; all after the stream's place, or None when some are no longer known.
        states: What is now so of its devices.
        position: The stream's next place.
    """

    readings: list[Change] | None
    states: States
    position: int


@dataclass(slots=True)
class LiveFeed:
    """The changes of this process.

    Attributes:
        readings: The log that is followed.
        context: The app's, in which access is looked up.
    """

    readings: ReadingFeed
    context: Callable[[], AbstractContextManager[object]]
    poll_s: float = POLL_S
    draining: bool = False
    _watches: set[Watch] = field(default_factory=set[Watch])
    _ring: deque[Change] = field(default_factory=deque[Change])
    _states: States = field(default_factory=dict[tuple[str, Kind], State])
    _floor: int = 0
    _position: int | None = None
    _thread: threading.Thread | None = None
    _news: threading.Condition = field(default_factory=threading.Condition)

    def join(self, watch: Watch) -> int:
        """Begin to watch.

        Returns:
            The place of the newest reading: a new stream has everything that comes after it.

        Raises:
            UnavailableError: The log cannot be read now.
        """
        with self._news:
            if self._position is None:
                self._floor = self._position = self.readings.head()
            self._watches.add(watch)
            if self._thread is None:
                self._thread = threading.Thread(target=self._follow, name="live-feed", daemon=True)
                self._thread.start()
            return self._position

    def leave(self, watch: Watch) -> None:
        """Watch no longer."""
        with self._news:
            self._watches.discard(watch)
            self._news.notify_all()

    def news(self, watch: Watch, after: int) -> News:
        """What has come for a stream after its place `after`."""
        with self._news:
            position = self._position or 0
            known = after >= self._floor
            own = [
                each for each in self._ring if each.position > after and each.device_id in watch.device_ids
            ]
            states = {key: state for key, state in self._states.items() if key[0] in watch.device_ids}
        return News(own if known else None, states, position)

    def wait(self, timeout_s: float) -> None:
        """Until the next look, or so long."""
        with self._news:
            self._news.wait(timeout_s)

    def drain(self) -> None:
        """End all streams; there will be no new ones."""
        with self._news:
            self.draining = True
            for watch in self._watches:
                watch.ending = "draining"
            self._news.notify_all()

    def poll(self) -> None:
        """Look once for what has changed."""
        with self._news:
            watches = list(self._watches)
        with self.context():
            devices: dict[str, OwnedDevice] = {}
            for own in _by_session(watches):
                devices |= {device.record.device_id: device for device in _still_theirs(own)}
            states = _states_of(devices.values())
        logged, position, is_gap = self._advance()
        with self._news:
            self._keep(logged, position, is_gap=is_gap)
            self._states = states
            self._news.notify_all()

    def _advance(self) -> tuple[list[LoggedReading], int, bool]:
        """What has come since the last look, up to where, and whether it was too much to be read."""
        position = self._position or 0
        logged = self.readings.read_after(position, MAX_BEHIND)
        if len(logged) == MAX_BEHIND:
            return [], self.readings.head(), True
        return logged, logged[-1].position if logged else position, False

    def _keep(self, logged: list[LoggedReading], position: int, *, is_gap: bool) -> None:
        """Put what is watched now into the ring: who joined since the log was read misses nothing."""
        if is_gap:
            self._ring.clear()
            self._floor = position
        self._ring.extend(
            _changes(logged, frozenset[str]().union(*(each.device_ids for each in self._watches)))
        )
        while len(self._ring) > RING:
            self._floor = self._ring.popleft().position
        self._position = position

    def _follow(self) -> None:
        """The thread: look, wait, and end when nobody watches."""
        while self._goes_on():
            try:
                self.poll()
            except Exception as error:  # noqa: BLE001 (the streams of all wait for this thread)
                log.warning("live_feed_failed", error=type(error).__name__)
            self.wait(self.poll_s)

    def _goes_on(self) -> bool:
        with self._news:
            if self._watches and not self.draining:
                return True
            self._thread = None
            self._position = None
            self._ring.clear()
            self._states = {}
            return False


def readings_between(feed: ReadingFeed, watch: Watch, after: int, up_to: int) -> list[Change] | None:
    """What a stream has missed since its place `after`; None when it is too much, or nobody knows.

    Raises:
        UnavailableError: The log cannot be read now.
    """
    logged = feed.read_after(after, MAX_BEHIND)
    if after > up_to or len(logged) == MAX_BEHIND:
        return None
    return _changes([each for each in logged if each.position <= up_to], watch.device_ids)


def _changes(logged: Iterable[LoggedReading], device_ids: Collection[str]) -> list[Change]:
    return [
        Change(each.position, each.reading.device_id, reading_event(each.reading))
        for each in logged
        if each.reading.device_id in device_ids
    ]


def _by_session(watches: Iterable[Watch]) -> Collection[list[Watch]]:
    """The streams of each sign-in: what is theirs is looked up once for all of them."""
    found: dict[str, list[Watch]] = {}
    for watch in watches:
        found.setdefault(watch.principal.session.session_id, []).append(watch)
    return found.values()


def _still_theirs(watches: list[Watch]) -> list[OwnedDevice]:
    """The devices of a person who watches; a stream ends when they are not those that it began with."""
    use, principal = services(), watches[0].principal
    session = find_session(use.state, principal.session.session_id, use.now())
    devices = [] if session is None else owned_devices(principal)
    device_ids = frozenset(device.record.device_id for device in devices)
    for watch in watches:
        if session is None or device_ids != watch.device_ids:
            watch.ending = "access"
    return devices


def _states_of(devices: Iterable[OwnedDevice]) -> States:
    """What is now so of each device."""
    return {
        (device.record.device_id, kind): State(_digest(device.record.device_id, kind, data), data)
        for device in devices
        for kind, data in state_events(device)
    }


def _digest(*words: str) -> int:
    return int.from_bytes(hashlib.blake2b("\n".join(words).encode(), digest_size=8).digest())
