"""mitsubishi2MQTT: a controller on the CN105 port of a Mitsubishi machine.

Two traps: a setpoint out of range is not refused, the firmware takes 23 °C instead, so that it is never sent
one; and `state` repeats a command before the machine has confirmed it, which `settings` does not. It reports
no electricity.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from typing_extensions import override

from edge.contract import Desired, Fan, Mode
from edge.dialects.dialect import Dialect, InForce, Said, Source
from edge.dialects.reading_matter import fan, gather, json_object, mode, number, text
from edge.ports import Parcel

TEMP_RANGE_C = (16.0, 31.0)
"""Setpoints that the firmware takes [°C]."""

_MODE_WORDS: Mapping[Mode, str] = {
    "off": "OFF",
    "auto": "AUTO",
    "cool": "COOL",
    "heat": "HEAT",
    "dry": "DRY",
    "fan": "FAN_ONLY",
}
_FAN_WORDS: Mapping[Fan, str] = {"auto": "AUTO", "low": "low", "medium": "middle", "high": "high"}

_FIELDS = {
    "mode": ("mode", mode),
    "fan": ("fan", fan),
    "temperature": ("setpoint_c", lambda value: number(value, "temperature")),
    "roomTemperature": ("indoor_dry_bulb_c", lambda value: number(value, "roomTemperature")),
}


class Mitsubishi2Mqtt(Dialect):
    """One controller, by its friendly name (or its whole base topic, where that is another)."""

    def __init__(self, source: Source) -> None:
        self._base = source.name if "/" in source.name else f"mitsubishi2mqtt/{source.name}"

    @property
    @override
    def filters(self) -> Sequence[str]:
        return [f"{self._base}/{item}" for item in ("availability", "settings", "state")]

    @override
    def hear(self, topic: str, payload: bytes) -> Said:
        if topic.endswith("/availability"):
            return Said(online=text(payload).strip().lower() == "online")
        facts, faults = gather(
            {
                _FIELDS[name][0]: partial(_FIELDS[name][1], value)
                for name, value in json_object(payload).items()
                if name in _FIELDS and value is not None
            }
        )
        return Said(facts, is_echo=topic.endswith("/state"), faults=faults)

    @override
    def tell(self, desired: Desired, known: InForce) -> Sequence[Parcel]:
        wish = known.with_wish(desired)
        asked: dict[str, str] = {}
        if wish.mode is not None and wish.mode != known.mode:
            asked["mode"] = _MODE_WORDS[wish.mode]
        if wish.setpoint_c is not None and wish.setpoint_c != known.setpoint_c:
            low_c, high_c = TEMP_RANGE_C
            asked["temp"] = f"{min(max(wish.setpoint_c, low_c), high_c):g}"
        if wish.fan is not None and wish.fan != known.fan:
            asked["fan"] = _FAN_WORDS[wish.fan]
        return [Parcel(f"{self._base}/{item}/set", word.encode()) for item, word in asked.items()]
