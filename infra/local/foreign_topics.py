"""Foreign topics: what devices of other makes may say on the site, as the broker's permissions."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from edge.dialects.dialect import Source
from edge.dialects.rights import Rights, rights_of, rights_of_bridge


class Login(Protocol):
    """As much of an identity as is needed here."""

    @property
    def name(self) -> str:
        """Its user name."""
        ...

    @property
    def role(self) -> str:
        """What it is."""
        ...

    @property
    def sources(self) -> tuple[str, ...]:
        """What it is heard as."""
        ...


def foreign_topics(name: str, sources: Sequence[str]) -> tuple[list[str], list[str]]:
    """What a login may publish and subscribe, as NATS subjects.

    Args:
        name: The login's; without sources it is a bridge's, and the root of its topics.
        sources: As text.
    """
    rights = [rights_of(Source.model_validate(each)) for each in sources]
    return subjects_of(rights or [rights_of_bridge(name)])


def subjects_of(rights: Sequence[Rights]) -> tuple[list[str], list[str]]:
    """What they allow to publish and to subscribe, as NATS subjects."""
    publish = [subject for each in rights for topic in each.publish for subject in subjects(topic)]
    listen = [subject for each in rights for topic in each.listen for subject in subjects(topic)]
    return publish, listen


def others_words(login: Login, everybody: Iterable[Login]) -> list[str]:
    """What a bridge may not say although it may announce any device: what others here say themselves."""
    if login.role != "bridge":
        return []
    everybody = tuple(everybody)
    sources = (Source.model_validate(each) for other in everybody for each in other.sources)
    names = {source.name for source in sources if source.dialect == "home_assistant" and not source.root}
    names.discard(login.name)  # found by what it has announced itself
    announced = (
        topic
        for name in sorted(names)
        for topic in (f"homeassistant/+/{name}/config", f"homeassistant/+/{name}/+/config")
    )
    shown = (f"homeassistant/device/{place}/+/config" for place in _places(everybody))
    return [subject for topic in (*announced, *shown) for subject in subjects(topic)]


def others_places(login: Login, everybody: Iterable[Login]) -> list[str]:
    """What Home Assistant may not read although it may read what is announced: other homes."""
    if login.role != "home_assistant":
        return []
    places = (place for place in _places(everybody) if place != login.name)
    return [subject for place in places for subject in subjects(f"homeassistant/device/{place}/+/config")]


def _places(everybody: Iterable[Login]) -> list[str]:
    return sorted(each.name for each in everybody if each.role == "home_assistant")


def subjects(topic_filter: str) -> Iterator[str]:
    """The NATS subjects that an MQTT topic filter stands for (`a/#` is also `a` itself)."""
    levels = topic_filter.split("/")
    if levels[-1] == "#":
        yield ".".join(map(_token, levels[:-1]))
        yield ".".join([*map(_token, levels[:-1]), ">"])
    else:
        yield ".".join(map(_token, levels))


def _token(level: str) -> str:
    """A dot, which separates in NATS, is written as `//` (NATS, "MQTT: topics and subjects")."""
    return "*" if level == "+" else level.replace(".", "//")
