"""Degrees: temperatures in the scales that people and assistants use."""

from typing import Final, Literal, TypeAlias

Scale: TypeAlias = Literal["CELSIUS", "FAHRENHEIT", "KELVIN"]

_F_PER_K: Final = 1.8
_F_AT_FREEZING: Final = 32.0
_K_AT_FREEZING: Final = 273.15


def to_celsius(value: float, scale: Scale) -> float:
    """A temperature [Cel]."""
    match scale:
        case "CELSIUS":
            return value
        case "FAHRENHEIT":
            return (value - _F_AT_FREEZING) / _F_PER_K
        case "KELVIN":
            return value - _K_AT_FREEZING


def to_kelvins(difference: float, scale: Scale) -> float:
    """A temperature difference [K]."""
    return difference / _F_PER_K if scale == "FAHRENHEIT" else difference


def fahrenheit(temperature_c: float) -> float:
    """A temperature [degF]."""
    return temperature_c * _F_PER_K + _F_AT_FREEZING
