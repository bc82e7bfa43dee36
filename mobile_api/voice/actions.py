"""Actions: what assistants ask of a device, done if it makes sense, and said to be done when it is read back.

Every function returns the device as it is afterwards, and raises a `VoiceRefusal` when it was not done. What
is so already is not asked again: each command may be a beep.
"""

from collections.abc import Sequence
from typing import Final

from edge.contract import Fan, Mode
from edge.contract.quantities import MODES_WITH_SETPOINT
from mobile_api.errors import StateConflictError
from mobile_api.voice.house import MAX_SETPOINT_C, MIN_SETPOINT_C, Aircon, House, Outcome, Wanted
from mobile_api.voice.refusals import (
    DeclinedRefusal,
    IsOffRefusal,
    NoAdviceRefusal,
    OfflineRefusal,
    OutOfRangeRefusal,
    UnconfirmedRefusal,
    UnknownStateRefusal,
    UnsupportedModeRefusal,
    WrongModeRefusal,
)

FANS: Final[Sequence[Fan]] = ("low", "medium", "high")
"""Speeds in their order; `auto` is none of them."""

_SAME_K: Final = 0.05
_WHEN_TURNED_ON: Final[Sequence[Mode]] = ("cool", "heat", "auto", "dry", "fan")


def turn_off(house: House, air: Aircon) -> Aircon:
    """Switch off."""
    return switch_mode(house, air, "off")


def turn_on(house: House, air: Aircon) -> Aircon:
    """Switch on, to cool if it can; what runs already stays as it is."""
    _require_online(air)
    if air.mode not in {None, "off"}:
        return air
    mode = next((mode for mode in _WHEN_TURNED_ON if mode in air.modes), None)
    if mode is None:
        raise UnsupportedModeRefusal("on")
    return _command(house, air, Wanted(mode=mode))


def switch_mode(house: House, air: Aircon, mode: Mode) -> Aircon:
    """Change the mode; the setpoint stays."""
    _require_online(air)
    if mode not in air.modes:
        raise UnsupportedModeRefusal(mode)
    if mode == air.mode and not air.follows_advice:
        return air
    return _command(house, air, Wanted(mode=mode))


def hold(house: House, air: Aircon, setpoint_c: float) -> Aircon:
    """Hold a temperature [Cel] in the mode that it is in."""
    _require_online(air)
    if not MIN_SETPOINT_C <= setpoint_c <= MAX_SETPOINT_C:
        raise OutOfRangeRefusal
    if air.mode == "off":
        raise IsOffRefusal
    if air.mode is not None and air.mode not in MODES_WITH_SETPOINT:
        raise WrongModeRefusal(air.mode)
    if air.setpoint_c is not None and abs(air.setpoint_c - setpoint_c) < _SAME_K:
        return air
    return _command(house, air, Wanted(setpoint_c=round(setpoint_c, 1)))


def shift(house: House, air: Aircon, delta_k: float) -> Aircon:
    """Make it so much warmer [K]; cooler if negative."""
    _require_online(air)
    if air.mode == "off":
        raise IsOffRefusal
    if air.setpoint_c is None:
        raise UnknownStateRefusal
    return hold(house, air, air.setpoint_c + delta_k)


def follow_advice(house: House, air: Aircon) -> Aircon:
    """Do what is advised now."""
    _require_online(air)
    if air.follows_advice and (air.advice is None or air.advice.status == "applied"):
        return air
    if air.advice is None or air.advice.status == "expired":
        raise NoAdviceRefusal("there is no advice yet")
    try:
        outcome = house.accept(air.device_id, air.advice.advice_id)
    except StateConflictError as error:
        raise NoAdviceRefusal(str(error)) from error
    return _settle(house, air, outcome)


def blow(house: House, air: Aircon, fan: Fan) -> Aircon:
    """Change the fan's speed."""
    _require_online(air)
    if air.mode == "off":
        raise IsOffRefusal
    if air.fan == fan:
        return air
    return _command(house, air, Wanted(fan=fan))


def blow_more(house: House, air: Aircon, steps: int) -> Aircon:
    """So many speeds faster, slower if negative; it stops at the ends."""
    if air.fan is None or air.fan == "auto":
        raise UnknownStateRefusal
    wanted = min(max(FANS.index(air.fan) + steps, 0), len(FANS) - 1)
    return blow(house, air, FANS[wanted])


def _require_online(air: Aircon) -> None:
    if not air.is_online:
        raise OfflineRefusal


def _command(house: House, air: Aircon, wanted: Wanted) -> Aircon:
    return _settle(house, air, house.command(air.device_id, wanted))


def _settle(house: House, air: Aircon, outcome: Outcome) -> Aircon:
    if outcome == "rejected":
        raise DeclinedRefusal
    if outcome == "sent":
        raise UnconfirmedRefusal
    return house.aircon(air.device_id)
