"""Discovery: what devices say of themselves under `homeassistant/`, joined to devices by their identifiers.

Two forms: one message for each entity (`homeassistant/<component>/[<node>/]<object>/config`), and one for a
device with all its components (`homeassistant/device/<id>/config`). An empty message takes back what the
topic said. Topics in them are used only if they could not be another device's on the contract.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic import ValidationError

from edge.dialects.dialect import Source, is_usable_topic
from edge.dialects.home_assistant.abbreviations import DEVICE, expand, with_base
from edge.dialects.home_assistant.templates import check
from edge.dialects.reading_matter import an_object, json_object
from edge.errors import UnreadableError

FILTERS: Final = ("homeassistant/+/+/config", "homeassistant/+/+/+/config")
"""Where devices say what they are; retained."""

OWN_ORIGIN: Final = "ac-advisor"
"""The origin of what the gateway itself publishes for Home Assistant: not to be taken for a device."""

MAX_ENTITIES: Final = 4096
"""Entities that are kept; what comes beyond is refused."""

MAX_COMPONENTS: Final = 128
"""Entities in one message."""

COMPONENTS: Final = frozenset({"climate", "sensor", "binary_sensor"})
"""Kinds of entities that say something of an air conditioner; others are left alone."""

_TOPIC = re.compile(
    r"homeassistant/(?P<component>[a-z_]+)/(?:(?P<node>[\w-]+)/)?(?P<object>[\w-]+)/config", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity.

    Attributes:
        component: Its kind.
        options: By their full names, `~` replaced.
        identifiers: Of the device that it belongs to.
        announced_as: The node in the topic of discovery (without one, the object): on a broker with
            permissions that is who published it.
        called: What the device calls itself; empty: it does not say.
    """

    component: str
    options: Mapping[str, Any]
    identifiers: tuple[str, ...]
    announced_as: str
    called: str = ""

    def is_of(self, identifier: str, root: str) -> bool:
        """Whether it belongs to a device, and nobody else could have said so.

        A device that announces itself does so under its own name; a bridge announces many, but all their
        topics are below its own root.
        """
        if identifier not in self.identifiers or (not root and self.announced_as != identifier):
            return False
        return all(topic.startswith(f"{root or identifier}/") for topic in self.topics())

    def topics(self) -> Iterator[str]:
        """Every topic that it names."""
        yield from (value for name, value in self.options.items() if name.endswith("_topic") and value)
        yield from (each["topic"] for each in self.options["availability"] if each["topic"])

    def option(self, name: str) -> str:
        """An option that is a text; empty where it is absent or none."""
        value = self.options.get(name)
        return value if isinstance(value, str) else ""


def is_discovery(topic: str) -> bool:
    """Whether this is a topic of discovery."""
    return _TOPIC.fullmatch(topic) is not None


class Book:
    """All that was discovered.

    Attributes:
        version: Another one whenever something in it has changed.
    """

    def __init__(self) -> None:
        self.version = 0
        self._pages: dict[str, tuple[Entity, ...]] = {}

    def learn(self, topic: str, payload: bytes) -> None:
        """Read one discovery message.

        Raises:
            UnreadableError: It is none; what the topic said before stays.
        """
        entities = tuple(_read(topic, payload)) if payload.strip() else ()
        known = sum(len(page) for page in self._pages.values())
        if known - len(self._pages.get(topic, ())) + len(entities) > MAX_ENTITIES:
            raise UnreadableError(f"more than {MAX_ENTITIES} entities on this site")
        if entities == self._pages.get(topic, ()):
            return
        self.version += 1
        if entities:
            self._pages[topic] = entities
        else:
            del self._pages[topic]

    def entities(self, identifier: str, root: str = "") -> Sequence[Entity]:
        """The entities of a device, in the order of their topics; arguments as of `Entity.is_of`."""
        pages = (page for _, page in sorted(self._pages.items()))
        return [entity for page in pages for entity in page if entity.is_of(identifier, root)]

    def sources(self) -> Sequence[Source]:
        """The devices that have a climate entity, each as its topics show who announces it.

        One with topics below several first levels, or with an identifier that is no part of a topic, is left
        out: nobody can vouch for it.
        """
        found: dict[Source, None] = {}
        for entity in (entity for page in self._pages.values() for entity in page):
            name = entity.identifiers[0]
            roots = {topic.split("/", 1)[0] for topic in entity.topics()}
            if entity.component != "climate" or len(roots) != 1:
                continue
            root = "" if entity.is_of(name, "") else roots.pop()
            with suppress(ValidationError):
                found[Source(dialect="home_assistant", name=name, root=root)] = None
        return list(found)

    def air_conditioners(self) -> Sequence[str]:
        """First identifiers of the devices that have a climate entity."""
        entities = (entity for page in self._pages.values() for entity in page)
        return [entity.identifiers[0] for entity in entities if entity.component == "climate"]


def _read(topic: str, payload: bytes) -> Iterator[Entity]:
    match = _TOPIC.fullmatch(topic)
    config = expand(json_object(payload))
    device = expand(an_object(config.get("device", {}), "device"), DEVICE)
    origin = config.get("origin")
    is_ours = isinstance(origin, dict) and origin.get("name") == OWN_ORIGIN
    if match is None or is_ours:
        return
    identifiers, announced_as = _identifiers(device), match["node"] or match["object"]
    said = device.get("name")
    called = said if isinstance(said, str) else ""
    if match["component"] == "device":
        for name, options in _components(config):
            yield replace(_entity(name, options, identifiers, announced_as), called=called)
    elif match["component"] in COMPONENTS:
        unique = config.get("unique_id")
        own = (unique,) if isinstance(unique, str) and unique else ()
        yield replace(_entity(match["component"], config, identifiers or own, announced_as), called=called)


def _components(config: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    components = an_object(config.get("components", {}), "components")
    if len(components) > MAX_COMPONENTS:
        raise UnreadableError(f"{len(components)} components, at most {MAX_COMPONENTS}")
    shared = {name: value for name, value in config.items() if name not in ("components", "device", "origin")}
    for key, value in components.items():
        options = shared | expand(an_object(value, f"components.{key[:32]}"))
        platform = options.get("platform")
        if isinstance(platform, str) and platform in COMPONENTS:
            yield platform, options


def _identifiers(device: Mapping[str, Any]) -> tuple[str, ...]:
    said = device.get("identifiers", [])
    listed = said if isinstance(said, list) else [said]
    connections = device.get("connections", [])
    pairs = connections if isinstance(connections, list) else []
    listed += [pair[1] for pair in pairs if isinstance(pair, list) and len(pair) == 2]  # noqa: PLR2004 (kind, value)
    return tuple(each for each in listed if isinstance(each, str) and 0 < len(each) <= 200)  # noqa: PLR2004 (as `Source.name`)


def _entity(
    component: str, config: Mapping[str, Any], identifiers: tuple[str, ...], announced_as: str
) -> Entity:
    if not identifiers:
        raise UnreadableError("device: has no identifiers, and the entity no unique_id")
    base = config.get("~")
    options = {
        name: with_base(value, base if isinstance(base, str) else "") if name.endswith("topic") else value
        for name, value in config.items()
        if name not in ("device", "origin", "components")
    }
    options["availability"] = _availability(config, base if isinstance(base, str) else "")
    for name, value in options.items():
        _require_usable(name, value)
    return Entity(component, options, identifiers, announced_as)


def _availability(config: Mapping[str, Any], base: str) -> list[dict[str, Any]]:
    """Several topics, one, or none, as a list."""
    several = config.get("availability") or []
    if not isinstance(several, list):
        several = [several]
    if not several and config.get("availability_topic") is not None:
        names = ("payload_available", "payload_not_available")
        one = {name: config[name] for name in names if name in config}
        several = [
            one
            | {"topic": config["availability_topic"], "value_template": config.get("availability_template")}
        ]
    listed = [expand(an_object(each, "availability")) for each in several]
    for each in listed:
        each["topic"] = with_base(each.get("topic"), base)
        _require_usable("topic", each["topic"])
        check(each.get("value_template"))
    return listed


def _require_usable(name: str, value: object) -> None:
    if name.endswith("template"):
        check(value)
        return
    is_topic = (name.endswith("_topic") or name == "topic") and value is not None
    if is_topic and not (isinstance(value, str) and is_usable_topic(value)):
        raise UnreadableError(f"{name}: {str(value)[:64]!r} is no topic that a device may name")
