"""Setting a device by hand: the form's choices, and the command that it asks for."""

from datetime import timedelta
from typing import Any, Final, get_args

from edge.contract import Fan, Mode
from edge.contract.quantities import MODES_WITH_SETPOINT
from mobile_api.access import OwnedDevice
from mobile_api.commands import CommandBody
from mobile_api.pages.appearance import entered_c
from mobile_api.pages.forms import FormFaultError, entered, read
from mobile_api.services import services

SPANS_H: Final = (1, 3, 8)
"""How long it may be set for; without one, until the next time of the week [h]."""


def choices(device: OwnedDevice) -> dict[str, Any]:
    """What the form offers: the modes that the device has, where it is known which."""
    modes = device.record.modes
    known = get_args(Mode) if modes is None else ("off", *(each for each in modes if each != "off"))
    return {"modes": known, "fans": get_args(Fan), "spans_h": SPANS_H}


def wanted(device: OwnedDevice) -> CommandBody:
    """What the form asks for; a setpoint only where the mode has one.

    Raises:
        FormFaultError: Something does not fit, or nothing is asked for.
    """
    mode = entered("mode") or None
    asks_setpoint = mode is None or mode in MODES_WITH_SETPOINT
    setpoint_c = _setpoint() if asks_setpoint else None
    fields = {"mode": mode, "fan": entered("fan") or None, "setpoint_c": setpoint_c, "until": _until(device)}
    return read(CommandBody, fields)


def _setpoint() -> float | None:
    said = entered("setpoint_c")
    try:
        return entered_c(said) if said else None
    except ValueError as error:
        raise FormFaultError(["setpoint_c"]) from error


def _until(device: OwnedDevice) -> str | None:
    said = entered("span_h")
    if not said:
        return None
    if said not in map(str, SPANS_H):
        raise FormFaultError(["until"])
    now = services().device_now(device.record.device_id)
    return (now + timedelta(hours=int(said))).isoformat()
