"""Google Home: what it is told that a device is, can do and does."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from edge.contract import Fan, Mode
from mobile_api.voice.house import MAX_SETPOINT_C, MIN_SETPOINT_C, Aircon

Json: TypeAlias = dict[str, Any]

UNNAMED: Final = "Air conditioner"

MODE_WORDS: Final[Mapping[Mode, str]] = {
    "off": "off",
    "cool": "cool",
    "heat": "heat",
    "auto": "auto",
    "fan": "fan-only",
    "dry": "dry",
}
"""Google's words for modes; `eco` is the advice."""

FAN_WORDS: Final[Mapping[Fan, Sequence[tuple[str, Sequence[str]]]]] = {
    "auto": (("en", ("auto", "automatic")), ("de", ("automatisch", "auto"))),
    "low": (("en", ("low", "slow")), ("de", ("niedrig", "langsam"))),
    "medium": (("en", ("medium", "middle")), ("de", ("mittel", "normal"))),
    "high": (("en", ("high", "fast")), ("de", ("hoch", "schnell"))),
}
"""What people call the speeds, by language; they are named like the fan's words in the wire contract."""

_MAKER: Final = {"manufacturer": "ac-advisor", "model": "advised", "hwVersion": "1", "swVersion": "1"}

TRAITS: Final = tuple(
    f"action.devices.traits.{name}" for name in ("OnOff", "TemperatureSetting", "FanSpeed", "HumiditySetting")
)


def device(air: Aircon, *, reports: bool) -> Json:
    """A device as SYNC tells it.

    Args:
        air: The device.
        reports: Whether changes are told unasked.
    """
    modes = [word for mode, word in MODE_WORDS.items() if mode in air.modes]
    limits = {"minThresholdCelsius": MIN_SETPOINT_C, "maxThresholdCelsius": MAX_SETPOINT_C}
    return {
        "id": air.device_id,
        "type": "action.devices.types.AC_UNIT",
        "traits": list(TRAITS),
        "name": {"name": air.name.strip() or UNNAMED, "defaultNames": [UNNAMED], "nicknames": []},
        "willReportState": reports,
        "deviceInfo": _MAKER,
        "attributes": {
            "availableThermostatModes": [*modes, "eco"],
            "thermostatTemperatureUnit": "F" if air.timezone.startswith("America/") else "C",
            "thermostatTemperatureRange": limits,
            "availableFanSpeeds": {"speeds": _speeds(), "ordered": False},
            "reversible": False,
            "queryOnlyHumiditySetting": True,
        },
    }


def states(air: Aircon) -> Json:
    """What is known of a device, in the words of its traits; a trait that is not known whole is left out."""
    known: Json = {"online": air.is_online}
    if air.mode is not None:
        known["on"] = air.mode != "off"
    if air.fan is not None:
        known["currentFanSpeedSetting"] = air.fan
    humidity = round(air.indoor_rh_pct or 0) or None  # Google knows no 0 %
    if humidity is not None:
        known["humidityAmbientPercent"] = humidity
    return {**known, **_thermostat(air, humidity)}


def reported(air: Aircon) -> Json:
    """What is told unasked: of a silent device only that it is silent."""
    return states(air) if air.is_online else {"online": False}


def _thermostat(air: Aircon, humidity: int | None) -> Json:
    """Google wants mode, setpoint and temperature together, or nothing; while off, the setpoint held last."""
    setpoint_c = air.resting_setpoint_c if air.setpoint_c is None else air.setpoint_c
    if air.mode is None or setpoint_c is None or air.indoor_c is None:
        return {}
    is_eco = air.follows_advice and air.mode != "off"
    known: Json = {
        "thermostatMode": "eco" if is_eco else MODE_WORDS[air.mode],
        "thermostatTemperatureSetpoint": round(setpoint_c, 1),
        "thermostatTemperatureAmbient": round(air.indoor_c, 1),
    }
    if is_eco:
        known["activeThermostatMode"] = MODE_WORDS[air.mode]
    return known if humidity is None else {**known, "thermostatHumidityAmbient": humidity}


def _speeds() -> list[Json]:
    return [
        {
            "speed_name": fan,
            "speed_values": [{"lang": lang, "speed_synonym": list(words)} for lang, words in called],
        }
        for fan, called in FAN_WORDS.items()
    ]
