"""States: what a device does and what it is advised, as Home Assistant's templates read it."""

from typing import Any

from edge.home_assistant.entities import MODES
from edge.home_assistant.shown import Shown

NONE = "None"
"""Home Assistant's word for a value that is not known."""


def state(shown: Shown) -> dict[str, Any]:
    """What the device does, and how far advice may go."""
    latest = shown.device.latest
    told: dict[str, Any] = {"autonomy": shown.preferences.autonomy}
    if latest is None:
        return told | dict.fromkeys(("mode", "setpoint_c", "indoor_c", "fan", "power", "energy"), NONE)
    return told | {
        "mode": MODES[latest.mode],
        "setpoint_c": _or_none(latest.setpoint_c),
        "indoor_c": _or_none(latest.indoor_dry_bulb_c),
        "fan": _or_none(latest.fan),
        "power": _or_none(latest.electric_power_w),
        "energy": _or_none(latest.energy_total_kwh),
    }


def advice(shown: Shown) -> dict[str, Any]:
    """The recommended setpoint with its reason and what it is expected to save, with the interval."""
    given = shown.advice
    if given is None:
        return {"setpoint_c": NONE, "status": "none"}
    return given.model_dump(mode="json") | {
        "setpoint_c": _or_none(given.setpoint_c),
        "mode": MODES[given.mode],
    }


def _or_none(value: float | str | None) -> float | str:
    return NONE if value is None else value
