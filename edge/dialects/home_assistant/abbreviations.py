"""Abbreviations of Home Assistant's MQTT discovery, as far as the gateway reads the options they stand for.

Source: Home Assistant's documentation, "MQTT discovery: supported abbreviations".
"""

from collections.abc import Mapping
from typing import Any, Final

OPTIONS: Final[Mapping[str, str]] = {
    "act_t": "action_topic",
    "act_tpl": "action_template",
    "avty": "availability",
    "avty_mode": "availability_mode",
    "avty_t": "availability_topic",
    "avty_tpl": "availability_template",
    "cmps": "components",
    "cmd_t": "command_topic",
    "cmd_tpl": "command_template",
    "curr_hum_t": "current_humidity_topic",
    "curr_hum_tpl": "current_humidity_template",
    "curr_temp_t": "current_temperature_topic",
    "curr_temp_tpl": "current_temperature_template",
    "dev": "device",
    "dev_cla": "device_class",
    "e": "encoding",
    "fan_mode_cmd_t": "fan_mode_command_topic",
    "fan_mode_cmd_tpl": "fan_mode_command_template",
    "fan_mode_stat_t": "fan_mode_state_topic",
    "fan_mode_stat_tpl": "fan_mode_state_template",
    "mode_cmd_t": "mode_command_topic",
    "mode_cmd_tpl": "mode_command_template",
    "mode_stat_t": "mode_state_topic",
    "mode_stat_tpl": "mode_state_template",
    "o": "origin",
    "obj_id": "object_id",
    "p": "platform",
    "pl_avail": "payload_available",
    "pl_not_avail": "payload_not_available",
    "pl_off": "payload_off",
    "pl_on": "payload_on",
    "stat_cla": "state_class",
    "stat_t": "state_topic",
    "t": "topic",
    "temp_cmd_t": "temperature_command_topic",
    "temp_cmd_tpl": "temperature_command_template",
    "temp_stat_t": "temperature_state_topic",
    "temp_stat_tpl": "temperature_state_template",
    "temp_unit": "temperature_unit",
    "uniq_id": "unique_id",
    "unit_of_meas": "unit_of_measurement",
    "val_tpl": "value_template",
}

DEVICE: Final[Mapping[str, str]] = {
    "cns": "connections",
    "ids": "identifiers",
    "mdl": "model",
    "mf": "manufacturer",
}
"""Inside `device`."""


def expand(config: Mapping[str, Any], names: Mapping[str, str] = OPTIONS) -> dict[str, Any]:
    """The same options by their full names; of an option that is there twice the full name counts."""
    expanded = {names.get(name, name): value for name, value in config.items()}
    return expanded | {name: value for name, value in config.items() if name not in names}


def with_base(value: object, base: str) -> Any:  # noqa: ANN401 (an option's value)
    """A topic in which `~`, as its first or last character, stands for `base`."""
    if not isinstance(value, str) or "~" not in value:
        return value
    if value.startswith("~"):
        value = base + value[1:]
    return value[:-1] + base if value.endswith("~") else value
