"""A stream of live updates: what one client is sent, in the words of server-sent events (WHATWG HTML, 9.2).

An event's id says where the client stands: its place in the reading log, a mark of the states that it has
been sent, and when. Any replica goes on from there: readings in between are read from the log, states are
sent again unless the mark says that they are known. So nothing is lost; where that cannot be held, `reset`
says so, and the client reads anew what it shows.
"""

import random
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, NamedTuple

from mobile_api.live import LiveFeed, States, Watch, readings_between
from mobile_api.live_views import Kind
from mobile_api.seats import Seats

HEARTBEAT_S: Final = 15.0
"""A stream that has nothing to say says so as often [s]: proxies cut what is silent."""

RESUME_WITHIN: Final = timedelta(minutes=50)
"""The log keeps a reading for an hour for those who follow it (`KEEP_FOR_READERS_S`)."""

MAX_STREAMS_EACH: Final = 4
"""Streams of one account: a phone, a tablet, a page, and one that is about to end."""

EVENTS_AT_ONCE: Final = 200
"""Readings in one piece: bounds what a slow client makes us hold."""

RETRY_MS: Final = (1000, 3000)
"""When a client comes again, drawn for each: those whose replica has ended do not come all at once [ms]."""

_ID: Final = re.compile(r"(\d{1,18})\.([0-9a-f]{16})\.(\d{1,12})")


class Place(NamedTuple):
    """Where a client stands: its place in the log, the mark of what it was sent, and when [s since 1970]."""

    position: int
    mark: int
    at_s: int

    @classmethod
    def parse(cls, text: str) -> "Place | None":
        """The place that an event's id names; None when it is none of ours."""
        found = _ID.fullmatch(text)
        return None if found is None else cls(int(found[1]), int(found[2], 16), int(found[3]))

    def __str__(self) -> str:
        return f"{self.position}.{self.mark:016x}.{self.at_s}"


@dataclass(slots=True)
class Stream(Iterator[bytes]):
    """What one client is sent; the server asks for the next piece when the last one is out.

    Attributes:
        feed: Of the process.
        watch: Of this stream.
        seats: Where its seat is given back.
        lifetime_s: It ends by itself then [s], so that threads and access are given out anew.
        since: Where the client stood before, by its own words.
        is_new: It has said nothing of that kind.
    """

    feed: LiveFeed
    watch: Watch
    seats: Seats
    lifetime_s: float
    since: Place | None
    is_new: bool
    _position: int = 0
    _mark: int = 0
    _seen: dict[tuple[str, Kind], int] = field(default_factory=dict[tuple[str, Kind], int])
    _started_s: float = field(default_factory=time.monotonic)
    _spoke_s: float = 0.0
    _is_open: bool = False
    _is_over: bool = False
    _is_closed: bool = False

    def __next__(self) -> bytes:
        """The next piece; waits for it.

        Raises:
            StopIteration: It has ended.
        """
        if self._is_over:
            raise StopIteration
        while not (piece := self._piece()):
            self.feed.wait(HEARTBEAT_S)
        self._spoke_s = time.monotonic()
        return piece.encode()

    def close(self) -> None:
        """The client has gone, or everything is said."""
        if not self._is_closed:
            self._is_closed = True
            self.feed.leave(self.watch)
            self.seats.free(self.watch.principal.account_id)

    def _piece(self) -> str:
        if not self._is_open:
            self._is_open = True
            return self._beginning()
        if self.watch.ending is not None:
            return self._end(self.watch.ending)
        if time.monotonic() - self._started_s >= self.lifetime_s:
            return self._end("lifetime")
        said = self._news()
        if not said and time.monotonic() - self._spoke_s >= HEARTBEAT_S:
            return ":\n\n"
        return said

    def _beginning(self) -> str:
        """When to come again, and what the client has missed."""
        head = self.feed.join(self.watch)
        retry = f"retry: {random.randint(*RETRY_MS)}\n\n"  # noqa: S311 (spreads load)
        missed = None
        if self.since is not None and time.time() - self.since.at_s < RESUME_WITHIN.total_seconds():
            missed = readings_between(self.feed.readings, self.watch, self.since.position, head)
        self._position = head
        if missed is None:
            return retry if self.is_new else retry + self._event("reset", "{}")
        return retry + "".join(self._event("reading", each.data, each.position) for each in missed)

    def _news(self) -> str:
        news = self.feed.news(self.watch, self._position)
        said = []
        if news.readings is None:
            self._position, self._seen, self._mark = news.position, {}, 0
            said.append(self._event("reset", "{}"))
        else:
            for each in news.readings[:EVENTS_AT_ONCE]:
                self._position = each.position
                said.append(self._event("reading", each.data))
            if len(news.readings) <= EVENTS_AT_ONCE:
                self._position = max(self._position, news.position)
        return "".join([*said, *self._changed(news.states)])

    def _changed(self, states: States) -> Iterator[str]:
        """What is no longer as the client was told."""
        if any((device_id, "health") not in states for device_id in self.watch.device_ids):
            return  # nobody has looked yet
        if self.since is not None:
            known, self.since = self.since.mark, None
            if known == _mark_of(states):
                self._seen, self._mark = {key: state.digest for key, state in states.items()}, known
        for key, state in states.items():
            before = self._seen.get(key, 0)
            if before != state.digest:
                self._seen[key] = state.digest
                self._mark ^= before ^ state.digest
                yield self._event(key[1], state.data)

    def _end(self, reason: str) -> str:
        self._is_over = True
        return self._event("end", f'{{"reason":"{reason}"}}')

    def _event(self, kind: str, data: str, position: int | None = None) -> str:
        mark = self._mark if self.since is None else self.since.mark
        place = Place(self._position if position is None else position, mark, int(time.time()))
        return f"event: {kind}\nid: {place}\ndata: {data}\n\n"


def _mark_of(states: States) -> int:
    """The mark of a client that has been sent just these."""
    mark = 0
    for state in states.values():
        mark ^= state.digest
    return mark
