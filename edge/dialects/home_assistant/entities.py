"""Entities: which of a discovered device's topics say which field of a reading, and how."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from edge.dialects.home_assistant.discovery import Entity
from edge.dialects.reading_matter import fan, from_fahrenheit, mode, number, switch

_NOTHING: Final = frozenset({"", "none", "unknown", "unavailable", "null"})
"""Texts by which a state says that it has no value."""

_WATTS: Final[Mapping[str, float]] = {"W": 1.0, "kW": 1000.0, "": 1.0}
_KILOWATT_HOURS: Final[Mapping[str, float]] = {"kWh": 1.0, "Wh": 0.001, "MWh": 1000.0, "": 1.0}
_OUTDOORS: Final = ("outdoor", "outside", "external")


@dataclass(frozen=True, slots=True)
class Binding:
    """A topic that says a field.

    Attributes:
        topic: Where.
        template: What is computed from the payload.
        field: Of `edge.contract.Telemetry`.
        convert: Turns the text into the field's unit; raises `UnreadableError`.
    """

    topic: str
    template: str
    field: str
    convert: Callable[[str], Any]


def has_value(text: str) -> bool:
    """Whether a state's text is a value."""
    return text.strip().lower() not in _NOTHING


def bindings(entity: Entity) -> Iterator[Binding]:
    """What an entity says of an air conditioner; nothing where it says something else."""
    if entity.component == "climate":
        yield from _climate(entity)
    elif entity.component == "sensor":
        yield from _sensor(entity)
    elif entity.option("device_class") in ("motion", "occupancy", "presence"):
        yield from _motion(entity)


def _climate(entity: Entity) -> Iterator[Binding]:
    temperature = _temperature(entity.option("temperature_unit"))
    for prefix, template, field, convert in (
        ("mode_state", "mode_state_template", "mode", mode),
        ("fan_mode_state", "fan_mode_state_template", "fan", fan),
        ("temperature_state", "temperature_state_template", "setpoint_c", temperature),
        ("current_temperature", "current_temperature_template", "indoor_dry_bulb_c", temperature),
        ("current_humidity", "current_humidity_template", "indoor_rh_pct", _scaled(1.0)),
    ):
        topic = entity.option(f"{prefix}_topic")
        if topic:
            yield Binding(topic, entity.option(template) or entity.option("value_template"), field, convert)


def _sensor(entity: Entity) -> Iterator[Binding]:
    topic, found = entity.option("state_topic"), _measured(entity)
    if topic and found is not None:
        yield Binding(topic, entity.option("value_template"), *found)


def _measured(entity: Entity) -> tuple[str, Callable[[str], Any]] | None:
    kind, unit = entity.option("device_class"), entity.option("unit_of_measurement")
    if kind == "power" and unit in _WATTS:
        return "electric_power_w", _scaled(_WATTS[unit])
    if kind == "energy" and unit in _KILOWATT_HOURS and entity.option("state_class") != "measurement":
        return "energy_total_kwh", _scaled(_KILOWATT_HOURS[unit])
    if kind == "humidity":
        return "indoor_rh_pct", _scaled(1.0)
    if kind == "temperature" and _is_outdoors(entity):
        return "outdoor_dry_bulb_c", _temperature(unit)
    return None  # a temperature that is not said to be outdoors may be a pipe's or a chip's


def _is_outdoors(entity: Entity) -> bool:
    words = " ".join(entity.option(name) for name in ("name", "object_id", "unique_id")).lower()
    return any(word in words for word in _OUTDOORS)


def _motion(entity: Entity) -> Iterator[Binding]:
    on, off = entity.option("payload_on") or "ON", entity.option("payload_off") or "OFF"

    def convert(text: str) -> bool:
        if text in (on, off):
            return text == on
        return switch(text, "motion")

    if entity.option("state_topic"):
        yield Binding(entity.option("state_topic"), entity.option("value_template"), "motion", convert)


def _scaled(factor: float) -> Callable[[str], float]:
    return lambda text: number(text, "state") * factor


def _temperature(unit: str) -> Callable[[str], float]:
    if unit.upper().endswith("F"):
        return lambda text: from_fahrenheit(number(text, "state"))
    if unit.upper().endswith("K"):
        return lambda text: round(number(text, "state") - 273.15, 2)
    return lambda text: number(text, "state")
