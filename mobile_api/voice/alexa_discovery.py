"""Discovery: what Alexa is told that a device is and can do."""

from typing import Final

from mobile_api.voice.alexa_messages import (
    HEALTH,
    HUMIDITY_INSTANCE,
    POWER,
    RANGE,
    TEMPERATURE,
    THERMOSTAT,
    Json,
)
from mobile_api.voice.house import Aircon

MAX_ENDPOINTS: Final = 300
"""In one answer (Amazon's schema)."""

UNNAMED: Final = "Air conditioner"
"""What a device is called that nobody has named."""

_MODES: Final = (("off", "OFF"), ("cool", "COOL"), ("heat", "HEAT"), ("auto", "AUTO"))
_MAX_NAME: Final = 128


def endpoint(air: Aircon, *, proactive: bool) -> Json:
    """A device as an endpoint.

    Args:
        air: The device.
        proactive: Whether changes are told unasked.
    """
    return {
        "endpointId": air.device_id,
        "manufacturerName": "ac-advisor",
        "friendlyName": (air.name.strip() or UNNAMED)[:_MAX_NAME],
        "description": "Air conditioner, advised by ac-advisor",
        "displayCategories": ["THERMOSTAT", "TEMPERATURE_SENSOR"],
        "capabilities": [
            {"type": "AlexaInterface", "interface": "Alexa", "version": "3"},
            _thermostat(air, proactive=proactive),
            _interface(TEMPERATURE, "3", "temperature", proactive=proactive),
            _interface(POWER, "3", "powerState", proactive=proactive),
            _humidity(proactive=proactive),
            _interface(HEALTH, "3", "connectivity", proactive=proactive),
        ],
    }


def _interface(interface: str, version: str, *properties: str, proactive: bool) -> Json:
    return {
        "type": "AlexaInterface",
        "interface": interface,
        "version": version,
        "properties": {
            "supported": [{"name": name} for name in properties],
            "proactivelyReported": proactive,
            "retrievable": True,
        },
    }


def _thermostat(air: Aircon, *, proactive: bool) -> Json:
    modes = [word for mode, word in _MODES if mode in air.modes]
    made = _interface(THERMOSTAT, "3.2", "targetSetpoint", "thermostatMode", proactive=proactive)
    return {**made, "configuration": {"supportedModes": [*modes, "ECO"], "supportsScheduling": False}}


def _humidity(*, proactive: bool) -> Json:
    made = _interface(RANGE, "3", "rangeValue", proactive=proactive)
    made["properties"]["nonControllable"] = True
    return {
        **made,
        "instance": HUMIDITY_INSTANCE,
        "capabilityResources": {
            "friendlyNames": [{"@type": "asset", "value": {"assetId": "Alexa.Setting.Humidity"}}]
        },
        "configuration": {
            "supportedRange": {"minimumValue": 0, "maximumValue": 100, "precision": 1},
            "unitOfMeasure": "Alexa.Unit.Percent",
        },
    }
