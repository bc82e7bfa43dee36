"""Interpreter: devices of other makes, as if they spoke the wire contract.

It stands before the gateway: what comes out of it is judged, spooled and sent like a native device's words.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import ValidationError

from edge.contract import Desired, DeviceId, FoundDevice, topics
from edge.dialects.dialect import Dialect, DialectName, Source
from edge.dialects.faikout import Faikout
from edge.dialects.home_assistant import discovery
from edge.dialects.home_assistant.dialect import HomeAssistant
from edge.dialects.mitsubishi2mqtt import Mitsubishi2Mqtt
from edge.dialects.shelly import Shelly
from edge.dialects.tasmota import Tasmota
from edge.errors import UnreadableError
from edge.finder import Finder
from edge.neighbour import Neighbour
from edge.ports import DeadLetter, Message, Parcel
from edge.registry import Registration, Registry
from edge.shadow_sync import Delta

SIGNS: Final[tuple[tuple[str, re.Pattern[str], DialectName], ...]] = (
    ("tele/+/LWT", re.compile(r"tele/([^/]+)/LWT"), "tasmota"),
    ("+/online", re.compile(r"([^/]+)/online"), "shelly"),
    ("state/+", re.compile(r"state/([^/]+)"), "faikout"),
    (
        "mitsubishi2mqtt/+/availability",
        re.compile(r"mitsubishi2mqtt/([^/]+)/availability"),
        "mitsubishi2mqtt",
    ),
)
"""By which retained messages devices are noticed that nobody has registered."""

_MAKES: Final[Mapping[DialectName, Callable[[Source], Dialect]]] = {
    "tasmota": Tasmota,
    "shelly": Shelly,
    "faikout": Faikout,
    "mitsubishi2mqtt": Mitsubishi2Mqtt,
}

MAX_STRANGERS: Final = 500
"""Unregistered devices that are remembered."""

MAX_REASON_CHARS: Final = 300
"""A longer reason is cut [characters]."""

UNREGISTERED: Final = "registration (name it as a source of a device)"
"""What a device misses that nobody has registered."""

TO_BE_LET_IN: Final = "its people: they find it behind this gateway, and let it in"
"""What a device misses that was found and is understood."""


@dataclass(slots=True)
class Interpreted:
    """What a round of messages is in the contract's words.

    Attributes:
        messages: As native devices would have sent them, and those that were.
        letters: What was refused.
    """

    messages: list[Message] = field(default_factory=list[Message])
    letters: list[DeadLetter] = field(default_factory=list[DeadLetter])


class Interpreter:
    """All devices of other makes behind this gateway.

    Args:
        registry: The devices; those with sources are of other makes.
        sample_interval_s: Between two readings of one of them [s].
        gateway_id: Who finds devices that nobody has registered; empty: they are only noticed.
    """

    def __init__(self, registry: Registry, sample_interval_s: float, gateway_id: DeviceId = "") -> None:
        self._registry = registry
        self._interval = timedelta(seconds=sample_interval_s)
        self._book = discovery.Book()
        self._neighbours: dict[DeviceId, tuple[Registration, Neighbour]] = {}
        self._routes: dict[str, list[tuple[DeviceId, Neighbour, Dialect]]] = {}
        self._noticed: dict[tuple[DialectName, str], None] = {}
        self._answers: list[Message] = []
        self._finder = Finder(gateway_id, self._meet) if gateway_id else None
        self._is_news = False
        self.follow_registry()

    @property
    def filters(self) -> tuple[str, ...]:
        """What has to be listened to; more when devices say more of themselves."""
        found = () if self._finder is None else self._finder.topics
        heard = sorted({*self._routes, *found})
        return (*discovery.FILTERS, *(sign for sign, _, _ in SIGNS), *heard)

    def follow_registry(self) -> None:
        """Devices came or went; what is known of the others stays."""
        before = self._neighbours
        self._neighbours = {}
        for device_id, registration in self._registry.items():
            known = before.get(device_id)
            if not registration.sources:
                continue
            if known is not None and known[0].sources == registration.sources:
                self._neighbours[device_id] = (registration, known[1])
                continue
            found = self._finder and self._finder.release(device_id, registration.sources)
            neighbour = found or self._meet(device_id, *registration.sources)
            self._neighbours[device_id] = (registration, neighbour)
        self._route()
        self._look_for_others()

    def interpret(self, messages: Iterable[Message], now: datetime) -> Interpreted:
        """Put a round of messages into the contract's words, with the readings that are due by `now`."""
        found = Interpreted(messages=self._answers)
        self._answers = []
        for message in messages:
            if topics.is_ours(message.topic):
                found.messages.append(message)
            else:
                self._hear(message, now, found)
        if self._is_news:
            self._look_for_others()
        for _, neighbour in self._neighbours.values():
            found.messages += neighbour.sample(now)
        return found

    def found(self, now: datetime) -> tuple[FoundDevice, ...]:
        """Devices that miss nothing but somebody to let them in."""
        return () if self._finder is None else self._finder.found(now)

    def tell(self, order: Parcel, now: datetime) -> list[Parcel]:
        """The order in the words of the device that it is for; as it is for a native one."""
        _, _, device_id, purpose = order.topic.split("/", 3)
        if device_id not in self._neighbours:
            return [order]
        if not purpose.endswith("update/delta"):
            return []  # nobody there asks for a shadow
        desired = Desired.model_validate(Delta.model_validate_json(order.body).state, strict=False)
        parcels, answers = self._neighbours[device_id][1].tell(desired, now)
        self._answers += answers
        return parcels

    def listing(self, now: datetime) -> list[dict[str, Any]]:
        """Devices of other makes, registered or only noticed, with what each one misses."""
        listed = [
            {
                "device_id": device_id,
                "sources": [str(source) for source in registration.sources],
                "missing": neighbour.missing(now),
            }
            for device_id, (registration, neighbour) in self._neighbours.items()
        ]
        known = {source for registration, _ in self._neighbours.values() for source in _keys(registration)}
        return listed + [
            {
                "device_id": None,
                "sources": [f"{dialect}:{name}"],
                "missing": self._missing_of_strangers(dialect, name, now),
            }
            for dialect, name in (*self._noticed, *self._discovered())
            if (dialect, name) not in known
        ]

    def _missing_of_strangers(self, dialect: DialectName, name: str, now: datetime) -> list[str]:
        missing = None if self._finder is None else self._finder.missing(dialect, name, now)
        if missing is None:
            return [UNREGISTERED]
        return [UNREGISTERED, *missing] if missing else [TO_BE_LET_IN]

    def _look_for_others(self) -> None:
        """Listen to what is noticed and not registered."""
        self._is_news = False
        if self._finder is None:
            return
        known = {key for registration, _ in self._neighbours.values() for key in _keys(registration)}
        noticed = [*self._book.sources(), *_sources(self._noticed)]
        strangers = [source for source in noticed if (source.dialect, source.name) not in known]
        self._finder.follow(strangers, self._routes.keys())

    def _meet(self, device_id: DeviceId, *sources: Source) -> Neighbour:
        return Neighbour(device_id, [self._speak(source) for source in sources], self._interval)

    def _discovered(self) -> list[tuple[DialectName, str]]:
        return [("home_assistant", name) for name in dict.fromkeys(self._book.air_conditioners())]

    def _speak(self, source: Source) -> Dialect:
        if source.dialect == "home_assistant":
            return HomeAssistant(source, self._book)
        return _MAKES[source.dialect](source)

    def _route(self) -> None:
        self._routes = {}
        for device_id, (_, neighbour) in self._neighbours.items():
            for topic, dialect in neighbour.routes.items():
                self._routes.setdefault(topic, []).append((device_id, neighbour, dialect))

    def _hear(self, message: Message, now: datetime, found: Interpreted) -> None:
        if discovery.is_discovery(message.topic):
            self._discover(message, now, found)
        elif message.topic in self._routes:
            for device_id, neighbour, dialect in self._routes[message.topic]:
                _hear_one(neighbour, dialect, message, now, (device_id, found))
        else:
            self._notice(message)
            if self._finder is not None:
                self._finder.hear(message, now)

    def _discover(self, message: Message, now: datetime, found: Interpreted) -> None:
        version = self._book.version
        try:
            self._book.learn(message.topic, message.payload)
        except UnreadableError as error:
            found.letters.append(_letter(message, "site", str(error), now))
        if self._book.version != version:
            self._route()
            self._is_news = True

    def _notice(self, message: Message) -> None:
        for _, pattern, dialect in SIGNS:
            match = pattern.fullmatch(message.topic)
            if match is not None and message.payload and len(self._noticed) < MAX_STRANGERS:
                noticed = dialect, match[1][:200]
                self._is_news = self._is_news or noticed not in self._noticed
                self._noticed[noticed] = None


def _hear_one(
    neighbour: Neighbour,
    dialect: Dialect,
    message: Message,
    now: datetime,
    where: tuple[DeviceId, Interpreted],
) -> None:
    device_id, found = where
    try:
        messages, faults = neighbour.hear(dialect, message, now)
    except UnreadableError as error:
        messages, faults = [], [str(error)]
    found.messages += messages
    if faults:
        found.letters.append(_letter(message, device_id, "; ".join(faults), now))


def _keys(registration: Registration) -> Sequence[tuple[DialectName, str]]:
    return [(source.dialect, source.name) for source in registration.sources]


def _sources(noticed: Iterable[tuple[DialectName, str]]) -> Iterator[Source]:
    """Those whose names can be listened to."""
    for dialect, name in noticed:
        with suppress(ValidationError):
            yield Source(dialect=dialect, name=name)


def _letter(message: Message, principal: str, reason: str, now: datetime) -> DeadLetter:
    """Reasons quote payloads: what cannot be stored as text is escaped."""
    said = reason.encode("utf-8", "backslashreplace").decode()[:MAX_REASON_CHARS]
    digest = hashlib.blake2b(message.topic.encode("utf-8", "replace") + b"\n", digest_size=16)
    digest.update(message.payload)
    return DeadLetter(
        letter_id=digest.hexdigest(),
        received_at=now,
        topic=message.topic,
        principal=principal,
        reason=said,
        index=None,
        element=message.payload,
    )
