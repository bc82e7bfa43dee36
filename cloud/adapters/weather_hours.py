"""What every weather adapter checks: possible values, and hours that are still to come."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from cloud.errors import ForecastUnavailableError
from cloud.ports.weather import WeatherHour

HOUR = timedelta(hours=1)

COLDEST_C, HOTTEST_C = -90.0, 60.0
"""Beyond the extremes that the World Meteorological Organization has on record (-89.2, 56.7) [°C]."""

BRIGHTEST_W_M2 = 1500.0
"""More than the sun at the top of the atmosphere (1361 W/m²) and edges of clouds add [W/m²]."""


def start_of_hour(at: datetime) -> datetime:
    """The full hour (UTC) at or before `at` (aware)."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def to_come(hours: Iterable[WeatherHour], at: datetime) -> list[WeatherHour]:
    """The hours from the one around `at` on, in their order.

    Raises:
        ForecastUnavailableError: They are over, begin only later, or say what cannot be.
    """
    first = start_of_hour(at)
    coming = sorted((hour for hour in hours if hour.at >= first), key=lambda hour: hour.at)
    if not coming or coming[0].at > first + HOUR:
        raise ForecastUnavailableError("the weather forecast has nothing for now")
    if not all(map(_is_possible, coming)):
        raise ForecastUnavailableError("the weather forecast says what cannot be")
    return coming


def _is_possible(hour: WeatherHour) -> bool:
    rh_pct = 0.0 if hour.outdoor_rh_pct is None else hour.outdoor_rh_pct
    ghi_w_m2 = 0.0 if hour.ghi_w_m2 is None else hour.ghi_w_m2
    return (
        COLDEST_C <= hour.outdoor_dry_bulb_c <= HOTTEST_C
        and 0.0 <= rh_pct <= 100.0  # noqa: PLR2004 (per cent)
        and 0.0 <= ghi_w_m2 <= BRIGHTEST_W_M2
    )
