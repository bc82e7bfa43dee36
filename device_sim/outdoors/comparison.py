"""`python -m device_sim.outdoors.comparison [--json]`: generated summers beside real ones.

The real years, which the generator is fitted to, are in `weather/` of the folder `AC_ADVISOR_DATA`.
"""

import argparse
import json
import sys
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from pydantic_settings import BaseSettings, SettingsConfigDict

from device_sim.errors import SimulatorError
from device_sim.noise import Floats, Noise
from device_sim.outdoors.cities import CITIES, City
from device_sim.outdoors.files import read_year
from device_sim.outdoors.generator import generate
from device_sim.outdoors.weather import Weather
from device_sim.psychrometrics import dew_point_c

SUMMER_MONTHS = ("May", "June", "July", "August", "September")
SUMMER_DAYS = (31, 30, 31, 31, 30)
"""The months compared, and their lengths [d]."""

GENERATED_YEARS = 10
"""Seeds whose mean is compared; a single summer differs from the next."""


class DataSettings(BaseSettings):
    """Where the measured data sets are."""

    model_config = SettingsConfigDict(env_prefix="AC_ADVISOR_", extra="ignore")

    data: Path | None = None


@dataclass(frozen=True, slots=True)
class Summer:
    """May to September of a place; lists are by month.

    Attributes:
        mean_c: Mean dry bulb [°C].
        range_k: Mean daily range [K].
        dew_point_c: Mean dew point [°C].
        ghi_kwh_m2: Global horizontal sunshine of a day [kWh/m²].
        dni_kwh_m2: Direct normal sunshine of a day [kWh/m²].
        low_c: What 0.4 % of the hours are below [°C].
        high_c: What 0.4 % of the hours are above [°C].
        day_sd_k: Standard deviation of daily means about the season's course [K].
        persistence: Correlation of a day's mean with the next day's.
        cooling_k_day: Cooling degree-days above 18.3 °C (65 °F) in all [K d].
        wind_m_s: Mean wind [m/s].
    """

    mean_c: list[float]
    range_k: list[float]
    dew_point_c: list[float]
    ghi_kwh_m2: list[float]
    dni_kwh_m2: list[float]
    low_c: float
    high_c: float
    day_sd_k: float
    persistence: float
    cooling_k_day: float
    wind_m_s: float


def summer_of(weather: Weather) -> Summer:
    """Figures of hourly weather from 1 May to 30 September."""
    hours_c = weather.outdoor_dry_bulb_c.reshape(-1, 24)
    days_c = hours_c.mean(axis=1)
    day = np.arange(len(days_c))
    course = np.polynomial.Polynomial.fit(day, days_c, 2)
    anomaly_k = days_c - course(day)
    dew_c = dew_point_c(weather.outdoor_dry_bulb_c, weather.outdoor_rh_pct)
    low_c, high_c = np.quantile(weather.outdoor_dry_bulb_c, (0.004, 0.996))
    return Summer(
        mean_c=_by_month(days_c),
        range_k=_by_month(np.ptp(hours_c, axis=1)),
        dew_point_c=_by_month(dew_c.reshape(-1, 24).mean(axis=1)),
        ghi_kwh_m2=_by_month(weather.ghi_w_m2.reshape(-1, 24).sum(axis=1) / 1000.0),
        dni_kwh_m2=_by_month(weather.dni_w_m2.reshape(-1, 24).sum(axis=1) / 1000.0),
        low_c=float(low_c),
        high_c=float(high_c),
        day_sd_k=float(anomaly_k.std()),
        persistence=float(np.corrcoef(anomaly_k[:-1], anomaly_k[1:])[0, 1]),
        cooling_k_day=float(np.maximum(days_c - 18.3, 0.0).sum()),
        wind_m_s=float(weather.wind_m_s.mean()),
    )


def generated_summer(city: City) -> Summer:
    """Mean figures of the generator's summers for a city's climate."""
    summers = [
        summer_of(
            generate(city.climate, Noise(seed, "train", 1), _first_of_may(city), sum(SUMMER_DAYS), 3600)
        )
        for seed in range(GENERATED_YEARS)
    ]
    columns = {field.name: [getattr(summer, field.name) for summer in summers] for field in fields(Summer)}
    return Summer(**{name: np.mean(values, axis=0).tolist() for name, values in columns.items()})


def measured_summer(name: str, folder: Path) -> Summer:
    """Figures of the city-year `name` in the data set's `folder`.

    Raises:
        WeatherFileError: The file is not there, or not what it should be.
    """
    city = CITIES[name]
    year = read_year(folder / f"{name}.csv.gz", city.place.timezone)
    return summer_of(year.season(_first_of_may(city), sum(SUMMER_DAYS), 3600))


def main(arguments: list[str] | None = None) -> int:
    """Print both for every city; 2 when there are no real years to be read."""
    parser = argparse.ArgumentParser(prog="python -m device_sim.outdoors.comparison")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    as_json = parser.parse_args(arguments).json
    data = DataSettings().data
    if data is None:
        sys.stderr.write("AC_ADVISOR_DATA is not set: it names the folder with the measured data sets\n")
        return 2
    try:
        pairs = {name: _pair(name, data / "weather") for name in CITIES}
    except SimulatorError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if as_json:
        sys.stdout.write(json.dumps(pairs, indent=1) + "\n")
    else:
        sys.stdout.write("\n".join(_table(name, pair) for name, pair in pairs.items()))
    return 0


def _pair(name: str, folder: Path) -> dict[str, dict[str, list[float] | float]]:
    generated, measured = generated_summer(CITIES[name]), measured_summer(name, folder)
    return {"generated": asdict(generated), "measured": asdict(measured)}


def _table(name: str, pair: dict[str, dict[str, list[float] | float]]) -> str:
    """One line for each figure, each as generated / measured."""
    lines = [f"{name} ({CITIES[name].climate}): generated / measured"]
    lines.append(f"  {'':14}" + "".join(f"{month:>15}" for month in SUMMER_MONTHS))
    for field in fields(Summer):
        cells = zip(
            *(np.atleast_1d(pair[side][field.name]) for side in ("generated", "measured")), strict=True
        )
        lines.append(f"  {field.name:14}" + "".join(f"{one:8.2f} /{other:6.2f}" for one, other in cells))
    return "\n".join(lines) + "\n"


def _first_of_may(city: City) -> datetime:
    return datetime(2025, 5, 1, tzinfo=UTC) - timedelta(hours=city.offset_h)


def _by_month(days: Floats) -> list[float]:
    month = np.repeat(np.arange(len(SUMMER_DAYS)), SUMMER_DAYS)
    return [float(days[month == number].mean()) for number in range(len(SUMMER_DAYS))]


if __name__ == "__main__":
    sys.exit(main())
