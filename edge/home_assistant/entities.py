"""Entities: how one device is described to Home Assistant, in a single message of MQTT discovery.

Form and names: Home Assistant's documentation, "MQTT discovery" (device discovery) and the pages of the MQTT
climate, sensor, button and select integrations.
"""

from collections.abc import Mapping
from typing import Any, Final, get_args

from edge.contract import DeviceId, Fan
from edge.dialects.home_assistant.discovery import OWN_ORIGIN
from edge.home_assistant.place import Place, slug
from edge.home_assistant.shown import Autonomy, Device

MODES: Final[Mapping[str, str]] = {
    "off": "off",
    "cool": "cool",
    "heat": "heat",
    "dry": "dry",
    "fan": "fan_only",
    "auto": "auto",
}
"""The contract's modes in Home Assistant's words."""

MIN_C, MAX_C, STEP_K = 16, 30, 0.5


def description(device: Device, place: Place) -> dict[str, Any]:
    """All entities of a device."""
    node = f"ac_advisor_{slug(device.device_id)}"
    components = {
        name: {"unique_id": f"{node}_{name}", **options}
        for name, options in _components(device, place).items()
    }
    return {
        "device": {"identifiers": [node], "name": device.name, "manufacturer": "ac-advisor"},
        "origin": {"name": OWN_ORIGIN},
        "availability_topic": place.online,
        "components": components,
    }


def _components(device: Device, place: Place) -> dict[str, dict[str, Any]]:
    device_id = device.device_id
    return {
        "climate": _climate(place, device_id),
        "power": _meter(place, device_id, "Power", "power", "W", "measurement"),
        "energy": _meter(place, device_id, "Energy", "energy", "kWh", "total_increasing"),
        "recommended_setpoint": {
            "platform": "sensor",
            "name": "Recommended setpoint",
            "device_class": "temperature",
            "unit_of_measurement": "°C",
            "state_topic": place.advice(device_id),
            "value_template": "{{ value_json.setpoint_c }}",
            "json_attributes_topic": place.advice(device_id),
        },
        "apply": _button(place, device_id, "apply", "Apply recommendation"),
        "dismiss": _button(place, device_id, "dismiss", "Dismiss recommendation"),
        "a_bit_warm": _button(place, device_id, "a_bit_warm", "A bit warm"),
        "autonomy": {
            "platform": "select",
            "name": "Autonomy",
            "entity_category": "config",
            "options": list(get_args(Autonomy)),
            "state_topic": place.state(device_id),
            "value_template": "{{ value_json.autonomy }}",
            "command_topic": place.press(device_id, "autonomy"),
        },
    }


def _climate(place: Place, device_id: DeviceId) -> dict[str, Any]:
    state = place.state(device_id)
    return {
        "platform": "climate",
        "name": None,
        "modes": list(MODES.values()),
        "mode_state_topic": state,
        "mode_state_template": "{{ value_json.mode }}",
        "mode_command_topic": place.press(device_id, "mode"),
        "temperature_state_topic": state,
        "temperature_state_template": "{{ value_json.setpoint_c }}",
        "temperature_command_topic": place.press(device_id, "setpoint"),
        "current_temperature_topic": state,
        "current_temperature_template": "{{ value_json.indoor_c }}",
        "fan_modes": list(get_args(Fan)),
        "fan_mode_state_topic": state,
        "fan_mode_state_template": "{{ value_json.fan }}",
        "fan_mode_command_topic": place.press(device_id, "fan"),
        "min_temp": MIN_C,
        "max_temp": MAX_C,
        "temp_step": STEP_K,
        "precision": 0.1,
        "temperature_unit": "C",
    }


def _meter(
    place: Place, device_id: DeviceId, name: str, kind: str, unit: str, state_class: str
) -> dict[str, Any]:
    return {
        "platform": "sensor",
        "name": name,
        "device_class": kind,
        "unit_of_measurement": unit,
        "state_class": state_class,
        "state_topic": place.state(device_id),
        "value_template": f"{{{{ value_json.{kind} }}}}",
    }


def _button(place: Place, device_id: DeviceId, what: str, name: str) -> dict[str, Any]:
    return {"platform": "button", "name": name, "command_topic": place.press(device_id, what)}
