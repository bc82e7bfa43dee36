"""ESPHome: a controller wired into the machine, found by Home Assistant, that says one value a topic.

Everything is plain text and retained. Its climate component checks only that a setpoint is a number and
passes any value on; the machine cuts it to its range. Topics and values as in ESPHome's `mqtt_climate`;
discovery is the device-based message of Home Assistant, where ESPHome itself sends one message an entity.
Nothing is kept while there is no network.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from typing_extensions import override

from device_sim.machine.thermostat import SETPOINT_RANGE_C
from device_sim.wire.dialects.dialect import NOTHING, Dialect, Heard, Message, speakable_c
from device_sim.wire.readings import Row
from edge.contract import Desired, Event, Fan, Mode, Reported

_MODES: Mapping[str, Mode] = {
    "off": "off",
    "auto": "auto",
    "cool": "cool",
    "heat": "heat",
    "fan_only": "fan",
    "dry": "dry",
    "heat_cool": "auto",
}
_FANS: Mapping[str, Fan] = {
    "auto": "auto",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "quiet": "low",
    "middle": "medium",
}


class EspHome(Dialect):
    """A node whose name is its id, with a climate entity and two sensors."""

    def __init__(self, device_id: str) -> None:
        self._node = device_id
        self._climate = f"{device_id}/climate/ac"

    @property
    @override
    def subscriptions(self) -> Sequence[str]:
        return [f"{self._climate}/{item}/command" for item in ("mode", "target_temperature", "fan_mode")]

    @property
    @override
    def will(self) -> Message | None:
        return Message(f"{self._node}/status", b"offline", retain=True)

    @override
    def greet(self) -> Sequence[Message]:
        discovery = json.dumps(self._discovery()).encode()
        return (
            Message(f"{self._node}/status", b"online", retain=True),
            Message(f"homeassistant/device/{self._node}/config", discovery, retain=True),
        )

    @override
    def say(self, rows: Sequence[Row]) -> Sequence[Message]:
        return [message for row in rows for message in self._values(row)]

    @override
    def confirm(self, reported: Reported) -> Sequence[Message]:
        said = [self._state("mode", reported.mode or "off"), self._state("fan_mode", reported.fan or "auto")]
        if reported.setpoint_c is not None:
            said.append(self._state("target_temperature", f"{reported.setpoint_c:.1f}"))
        return said

    @override
    def tell(self, event: Event) -> Sequence[Message]:
        return ()

    @override
    def hear(self, topic: str, payload: bytes) -> Heard:
        item, word = topic.split("/")[-2], payload.decode().strip()
        if item == "target_temperature":
            return Heard(Desired(setpoint_c=speakable_c(float(word)), requested_by="app"))
        if item == "mode" and word.lower() in _MODES:
            return Heard(Desired(mode=_MODES[word.lower()], requested_by="app"))
        if item == "fan_mode" and word.lower() in _FANS:
            return Heard(Desired(fan=_FANS[word.lower()], requested_by="app"))
        return NOTHING

    def _values(self, row: Row) -> Sequence[Message]:
        action = "off" if row.mode == "off" else "cooling" if row.compressor_ratio > 0.0 else "idle"
        said = [self._state("mode", row.mode), self._state("action", action)]
        if row.indoor_dry_bulb_c is not None:
            said.append(self._state("current_temperature", f"{row.indoor_dry_bulb_c:.1f}"))
        if row.setpoint_c is not None:
            said.append(self._state("target_temperature", f"{row.setpoint_c:.1f}"))
        said.append(self._sensor("power", f"{row.electric_power_w:.1f}"))
        said.append(self._sensor("energy", f"{row.energy_total_kwh:.3f}"))
        return said

    def _state(self, item: str, value: str) -> Message:
        return Message(f"{self._climate}/{item}/state", value.encode(), retain=True)

    def _sensor(self, name: str, value: str) -> Message:
        return Message(f"{self._node}/sensor/{name}/state", value.encode(), retain=True)

    def _discovery(self) -> dict[str, Any]:
        climate, (low_c, high_c) = self._climate, SETPOINT_RANGE_C
        return {
            "device": {"identifiers": [self._node], "name": self._node, "manufacturer": "ESPHome"},
            "origin": {"name": "esphome"},
            "availability_topic": f"{self._node}/status",
            "payload_available": "online",
            "payload_not_available": "offline",
            "components": {
                "climate": {
                    "platform": "climate",
                    "unique_id": f"{self._node}-climate",
                    "name": None,
                    "modes": ["off", "cool"],
                    "mode_state_topic": f"{climate}/mode/state",
                    "mode_command_topic": f"{climate}/mode/command",
                    "temperature_state_topic": f"{climate}/target_temperature/state",
                    "temperature_command_topic": f"{climate}/target_temperature/command",
                    "current_temperature_topic": f"{climate}/current_temperature/state",
                    "action_topic": f"{climate}/action/state",
                    "fan_mode_state_topic": f"{climate}/fan_mode/state",
                    "fan_mode_command_topic": f"{climate}/fan_mode/command",
                    "fan_modes": ["auto", "low", "medium", "high"],
                    "min_temp": low_c,
                    "max_temp": high_c,
                    "temp_step": 0.1,
                    "temperature_unit": "C",
                },
                "power": self._found("power", "W", "measurement"),
                "energy": self._found("energy", "kWh", "total_increasing"),
            },
        }

    def _found(self, name: str, unit: str, state_class: str) -> dict[str, Any]:
        return {
            "platform": "sensor",
            "unique_id": f"{self._node}-{name}",
            "name": name.capitalize(),
            "device_class": name,
            "unit_of_measurement": unit,
            "state_class": state_class,
            "state_topic": f"{self._node}/sensor/{name}/state",
        }
