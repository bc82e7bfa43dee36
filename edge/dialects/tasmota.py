"""Tasmota: an infrared blaster, a meter, or both, beside an air conditioner that knows nothing of it.

Values vary in letter case with the version. `Time` is local without an offset and is not read. What the
machine really does is never heard: its settings are what was last sent to it, or received from its remote.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from typing_extensions import override

from edge.contract import Desired, Fan, Mode
from edge.dialects.dialect import Dialect, InForce, Said, Source
from edge.dialects.reading_matter import (
    Readers,
    an_object,
    fan,
    from_fahrenheit,
    gather,
    json_object,
    mode,
    number,
    switch,
    text,
)
from edge.errors import UnreadableError
from edge.ports import Parcel

_MODE_WORDS: Mapping[Mode, str] = {
    "off": "Off",
    "auto": "Auto",
    "cool": "Cool",
    "heat": "Heat",
    "dry": "Dry",
    "fan": "Fan_Only",
}
_FAN_WORDS: Mapping[Fan, str] = {"auto": "Auto", "low": "Low", "medium": "Medium", "high": "High"}

MAX_CHANNELS = 16
"""Channels of a meter, whose values come as an array."""


class Tasmota(Dialect):
    """One device, by its topic."""

    def __init__(self, source: Source) -> None:
        self._topic = source.name
        self._only_vendor = source.vendor.upper()
        self._vendor = source.vendor
        self._model: int | None = None
        self._has_infrared = bool(source.vendor)

    @property
    @override
    def filters(self) -> Sequence[str]:
        return [
            *(f"tele/{self._topic}/{rest}" for rest in ("LWT", "SENSOR", "RESULT")),
            f"stat/{self._topic}/RESULT",
        ]

    @property
    @override
    def missing(self) -> Sequence[str]:
        return () if self._vendor else ("vendor (press a key of the remote, or name it)",)

    @override
    def hear(self, topic: str, payload: bytes) -> Said:
        if topic.endswith("/LWT"):
            return Said(online=_is_online(text(payload)))
        document = _lower(json_object(payload))
        if topic.endswith("/SENSOR"):
            facts, faults = gather(_sensor_readers(document))
            return Said(facts, faults=faults)
        received = document.get("irreceived")
        if received is not None:
            document = _lower(an_object(received, "IrReceived"))
        if "irhvac" not in document:
            return Said()  # another command's result, or the television's remote
        return self._hear_state(_lower(an_object(document["irhvac"], "IRHVAC")))

    @override
    def tell(self, desired: Desired, known: InForce) -> Sequence[Parcel]:
        wish = known.with_wish(desired)
        if not self._vendor or wish.mode is None:
            return ()
        command: dict[str, Any] = {"Vendor": self._vendor}
        if self._model is not None:
            command["Model"] = self._model
        command |= {"Power": "Off" if wish.mode == "off" else "On", "Mode": _MODE_WORDS[wish.mode]}
        command["FanSpeed"] = _FAN_WORDS[wish.fan or "auto"]
        if wish.setpoint_c is not None:
            command |= {"Celsius": "On", "Temp": wish.setpoint_c}
        return [Parcel(f"cmnd/{self._topic}/IRHVAC", json.dumps(command).encode())]

    def _hear_state(self, state: dict[str, Any]) -> Said:
        vendor = state.get("vendor")
        if self._only_vendor and isinstance(vendor, str) and vendor.upper() != self._only_vendor:
            return Said()  # another machine's remote
        facts, faults = gather(_state_readers(state))
        if facts and isinstance(vendor, str) and 0 < len(vendor) <= 64:  # noqa: PLR2004 (as `Source.vendor`)
            self._vendor = vendor
            model = state.get("model")
            self._model = model if isinstance(model, int) and not isinstance(model, bool) else None
        return Said(facts, faults=faults)


def _is_online(word: str) -> bool:
    if word.strip().lower() in ("online", "offline"):
        return word.strip().lower() == "online"
    raise UnreadableError(f"LWT: {word[:32]!r} is neither Online nor Offline")


def _lower(document: dict[str, Any]) -> dict[str, Any]:
    return {name.lower(): value for name, value in document.items()}


def _sensor_readers(document: dict[str, Any]) -> Readers:
    readers: dict[str, Callable[[], Any]] = {}
    in_fahrenheit = str(document.get("tempunit", "C")).upper() == "F"
    for name, part in document.items():
        fields = _lower(part) if isinstance(part, dict) else {}
        if name == "energy":
            readers["electric_power_w"] = lambda: _sum(_energy(document).get("power"), "ENERGY.Power")
            readers["energy_total_kwh"] = lambda: _sum(_energy(document).get("total"), "ENERGY.Total")
        elif name != "esp32" and fields.get("temperature") is not None:  # the chip's own
            readers["indoor_dry_bulb_c"] = _thermometer(fields["temperature"], in_fahrenheit=in_fahrenheit)
        if name != "energy" and fields.get("humidity") is not None:
            readers["indoor_rh_pct"] = _hygrometer(fields["humidity"])
    return readers


def _energy(document: dict[str, Any]) -> dict[str, Any]:
    return _lower(an_object(document["energy"], "ENERGY"))


def _thermometer(value: object, *, in_fahrenheit: bool) -> Callable[[], float]:
    def read() -> float:
        found = number(value, "Temperature")
        return from_fahrenheit(found) if in_fahrenheit else found

    return read


def _hygrometer(value: object) -> Callable[[], float]:
    return lambda: number(value, "Humidity")


def _sum(value: object, where: str) -> float | None:
    """A meter with several channels says an array."""
    if value is None:
        return None
    channels = value if isinstance(value, list) else [value]
    if not 0 < len(channels) <= MAX_CHANNELS:
        raise UnreadableError(f"{where}: {len(channels)} channels")
    return sum(number(channel, where) for channel in channels)


def _state_readers(state: dict[str, Any]) -> Readers:
    return {
        "mode": lambda: _mode(state),
        "setpoint_c": lambda: _setpoint_c(state),
        "fan": lambda: None if state.get("fanspeed") is None else fan(state["fanspeed"]),
    }


def _mode(state: dict[str, Any]) -> Mode | None:
    """`Power` decides over `Mode`."""
    power = state.get("power")
    if power is not None and not switch(power, "Power"):
        return "off"
    return None if state.get("mode") is None else mode(state["mode"])


def _setpoint_c(state: dict[str, Any]) -> float | None:
    if state.get("temp") is None:
        return None
    found = number(state["temp"], "Temp")
    return found if switch(state.get("celsius", True), "Celsius") else from_fahrenheit(found)
