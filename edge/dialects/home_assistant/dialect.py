"""The universal dialect: a device as its discovery messages describe it."""

from collections.abc import Mapping, Sequence
from typing import Any

from typing_extensions import override

from edge.contract import Desired, Mode
from edge.dialects.dialect import Dialect, InForce, Said, Source
from edge.dialects.home_assistant.availability import Availability
from edge.dialects.home_assistant.discovery import Book, Entity
from edge.dialects.home_assistant.entities import Binding, bindings, has_value
from edge.dialects.home_assistant.templates import render, render_command
from edge.dialects.reading_matter import FANS, MODES, gather, number, text, to_fahrenheit
from edge.errors import UnreadableError
from edge.ports import Parcel


class HomeAssistant(Dialect):
    """One device, by an identifier that all its entities share.

    Args:
        source: Names the identifier.
        book: What was discovered on the site; it grows.
    """

    def __init__(self, source: Source, book: Book) -> None:
        self._identifier, self._root = source.name, source.root
        self._book = book
        self._version = -1
        self._bindings: list[Binding] = []
        self._availability = Availability(())
        self._climate: Entity | None = None

    @property
    @override
    def filters(self) -> Sequence[str]:
        self._look_up()
        topics = (*(binding.topic for binding in self._bindings), *self._availability.topics)
        return list(dict.fromkeys(topics))

    @property
    @override
    def missing(self) -> Sequence[str]:
        self._look_up()
        if not self._bindings:
            return (f"discovery (nothing under homeassistant/ names the device {self._identifier!r})",)
        return () if self._climate is not None else ("climate (it says no entity that can be set)",)

    @property
    @override
    def called(self) -> str:
        self._look_up()
        return "" if self._climate is None else self._climate.called

    @property
    @override
    def modes(self) -> Sequence[Mode]:
        self._look_up()
        listed = None if self._climate is None else self._climate.options.get("modes")
        words = (
            [each.strip().lower() for each in listed if isinstance(each, str)]
            if isinstance(listed, list)
            else []
        )
        said = dict.fromkeys(MODES[word] for word in words if word in MODES)
        return [mode for mode in said if mode != "off"]

    @override
    def hear(self, topic: str, payload: bytes) -> Said:
        self._look_up()
        said = text(payload)
        online = self._availability.hear(topic, said)
        own = {
            binding.field: self._reader(binding, said) for binding in self._bindings if binding.topic == topic
        }
        facts, faults = gather(own)
        return Said(facts, online=online, faults=faults)

    @override
    def tell(self, desired: Desired, known: InForce) -> Sequence[Parcel]:
        self._look_up()
        climate, wish = self._climate, known.with_wish(desired)
        if climate is None:
            return ()
        asked: dict[str, str | float] = {}
        if wish.mode is not None and wish.mode != known.mode:
            asked["mode"] = _word(climate, "modes", wish.mode, MODES)
        if wish.setpoint_c is not None and wish.setpoint_c != known.setpoint_c and wish.mode != "off":
            asked["temperature"] = _setpoint(climate, wish.setpoint_c)
        if wish.fan is not None and wish.fan != known.fan:
            asked["fan_mode"] = _word(climate, "fan_modes", wish.fan, FANS)
        return [parcel for item, value in asked.items() for parcel in _command(climate, item, value)]

    def _look_up(self) -> None:
        if self._version == self._book.version:
            return
        self._version = self._book.version
        entities = self._book.entities(self._identifier, self._root)
        self._climate = next((each for each in entities if each.component == "climate"), None)
        self._bindings = [binding for entity in entities for binding in bindings(entity)]
        self._availability = Availability(entities)

    @staticmethod
    def _reader(binding: Binding, said: str) -> Any:  # noqa: ANN401 (as `gather` wants them)
        def read() -> object:
            state = render(binding.template, said)
            return None if state is None or not has_value(state) else binding.convert(state)

        return read


def _word(climate: Entity, option: str, wanted: str, words: Mapping[str, Any]) -> str:
    """The device's own word, of those that it lists; ours when it lists none that fits."""
    listed = climate.options.get(option)
    own = [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []
    default: Mapping[str, str] = {"fan": "fan_only"} if option == "modes" else {}
    return next(
        (each for each in own if words.get(each.strip().lower()) == wanted), default.get(wanted, wanted)
    )


def _setpoint(climate: Entity, setpoint_c: float) -> float:
    """In the device's unit, within its limits."""
    in_fahrenheit = climate.option("temperature_unit").upper().endswith("F")
    wanted = to_fahrenheit(setpoint_c) if in_fahrenheit else setpoint_c
    low, high = _limit(climate, "min_temp"), _limit(climate, "max_temp")
    wanted = wanted if low is None else max(wanted, low)
    return wanted if high is None else min(wanted, high)


def _limit(climate: Entity, name: str) -> float | None:
    try:
        return None if climate.options.get(name) is None else number(climate.options[name], name)
    except UnreadableError:
        return None


def _command(climate: Entity, item: str, value: str | float) -> Sequence[Parcel]:
    topic = climate.option(f"{item}_command_topic")
    if not topic:
        return ()
    try:
        payload = render_command(climate.option(f"{item}_command_template"), value)
    except UnreadableError:
        return ()  # the command stays unconfirmed, and the cloud sees that
    return [Parcel(topic, payload.encode("utf-8", "replace"))]
