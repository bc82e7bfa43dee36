"""Finder: listens to devices that nobody has registered until they are understood and can be let in.

What they say stays here: nothing of it is a reading, and none of it leaves the site but what they are called
and can do.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from edge.contract import DeviceId, FoundDevice
from edge.contract.claim import MAX_FOUND, found_id
from edge.dialects.dialect import Dialect, DialectName, Source
from edge.errors import UnreadableError
from edge.neighbour import Neighbour
from edge.ports import Message

MAX_CANDIDATES: Final = 64
"""Devices that are listened to; more of a site wait until some of these are let in."""

MAX_NAME_CHARS: Final = 100
"""A longer name is cut [characters], as `FoundDevice` wants it."""

RANKS: Final[tuple[DialectName, ...]] = ("mitsubishi2mqtt", "faikout", "home_assistant", "tasmota")
"""Who is listened to first: makes that are air conditioners, their own dialect before what they also say to
Home Assistant. A Shelly is a meter, with which alone there is no reading."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    source: Source
    neighbour: Neighbour


class Finder:
    """Devices of other makes that are heard on the site and are nobody's yet.

    Args:
        gateway_id: Who finds them.
        meet: Makes a neighbour of an id and its source.
    """

    def __init__(self, gateway_id: DeviceId, meet: Callable[[DeviceId, Source], Neighbour]) -> None:
        self._gateway_id = gateway_id
        self._meet = meet
        self._candidates: dict[DeviceId, _Candidate] = {}
        self._routes: dict[str, tuple[Neighbour, Dialect]] = {}

    @property
    def topics(self) -> Collection[str]:
        """What has to be listened to."""
        return self._routes.keys()

    def follow(self, noticed: Iterable[Source], taken: Collection[str]) -> None:
        """Listen to those that are noticed now.

        Args:
            noticed: Devices that are not registered.
            taken: Topics of those that are: whoever speaks there is known already, by another name.
        """
        before = self._candidates
        self._candidates, self._routes = {}, {}
        wanted = [source for source in noticed if source.dialect in RANKS]
        for source in sorted(wanted, key=lambda each: RANKS.index(each.dialect)):
            if len(self._candidates) == MAX_CANDIDATES:
                break
            device_id = found_id(self._gateway_id, str(source))
            candidate = before.get(device_id) or _Candidate(source, self._meet(device_id, source))
            routes = candidate.neighbour.routes
            if any(topic in taken or topic in self._routes for topic in routes):
                continue
            self._candidates[device_id] = candidate
            self._routes |= {topic: (candidate.neighbour, dialect) for topic, dialect in routes.items()}

    def hear(self, message: Message, now: datetime) -> None:
        """Learn from one of their messages; what cannot be understood is no fault of anybody's here."""
        if message.topic in self._routes:
            neighbour, dialect = self._routes[message.topic]
            with suppress(UnreadableError):
                neighbour.hear(dialect, message, now)

    def release(self, device_id: DeviceId, sources: Sequence[Source]) -> Neighbour | None:
        """It is registered as it was found: what is known of it is kept, and said from now on."""
        candidate = self._candidates.get(device_id)
        if candidate is None or tuple(sources) != (candidate.source,):
            return None
        candidate.neighbour.begin()
        return candidate.neighbour

    def found(self, now: datetime) -> tuple[FoundDevice, ...]:
        """Those that miss nothing but somebody to let them in."""
        complete = [each for each in self._candidates.values() if not each.neighbour.missing(now)]
        return tuple(
            FoundDevice(
                source=str(each.source),
                name=(each.neighbour.called or each.source.name)[:MAX_NAME_CHARS],
                modes=each.neighbour.modes,
            )
            for each in complete[:MAX_FOUND]
        )

    def missing(self, dialect: DialectName, name: str, now: datetime) -> list[str] | None:
        """What a device misses to be understood; None: nobody listens to it."""
        for each in self._candidates.values():
            if (each.source.dialect, each.source.name) == (dialect, name):
                return each.neighbour.missing(now)
        return None
