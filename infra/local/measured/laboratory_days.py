"""Laboratory days: one-day tests of a measured heat pump (hilft_ashp) under different setpoint schedules.

The same weather day was run with one schedule (`Eff`, 25.6 °C) and with another (`Shift`: pre-cooled, then
26.7 °C), so the difference of their energy is a measured saving. Machine and power are real, the room and its
people are emulated. Days stand alone: what precedes one is taken to be that day itself, as if its schedule
and its weather had been in force the day before too. The wall clock stands for solar time, up to an hour off.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from cloud.feature_catalogue import ENERGY_FEATURES, ENERGY_TARGET, HOME_FEATURES
from cloud.trees import Floats
from device_sim.errors import MeasurementsError
from device_sim.machine.calibration import EXCLUDED_TESTS, read

DATA_SET: Final = "hilft_ashp"

HABIT, ADVISED = "Eff", "Shift"
"""The schedules that are compared: the saving is the first one's energy less the second one's."""

STORE_VARIANT: Final = "TES"
"""A store hides when the load was: neither judged nor learnt from."""

FREE_VARIANTS: Final = ("MPC",)
"""Both schedules are an optimiser's there, so they are no pair; as varied setpoints they are learnt from."""

WEATHER_VARIANTS: Final = ("ExtrmSum", "TypShldr")
"""These change the weather only: the home is that of `Default`. The others change its walls or its people."""

HOURS: Final = 24

DECIMALS: Final = 4
"""Of the hours' temperatures, as `cloud.hours` keeps them. Setpoints from °F are no round numbers: without, a
rise of 1e-15 K stands where there is none, trees split at zero, and what they say depends on the rounding."""


@dataclass(frozen=True, slots=True)
class MeasuredPair:
    """The same weather day under both schedules.

    Attributes:
        name: City and variant.
        weather_day: City and date; both tests have it.
        habit, advised: Hours of the tests, 24 rows each, as `read_days` gives them.
    """

    name: str
    weather_day: str
    habit: pd.DataFrame
    advised: pd.DataFrame

    @property
    def saved_kwh(self) -> float:
        """Measured saving of the day [kWh]."""
        return float(self.habit[ENERGY_TARGET].sum() - self.advised[ENERGY_TARGET].sum())


def read_days(folder: Path) -> pd.DataFrame:
    """The hours of all usable tests, 24 a test.

    Args:
        folder: Holds the data set's Parquet files.

    Returns:
        `test`, `home` (building and people), `schedule`, `variant`, `weather_day`, `hour` (0 to 23, its start
        by the wall clock), `electric_energy_kwh` and `ENERGY_FEATURES`. What says what the home was like
        (`HOME_FEATURES`) is NaN: `described` fills it. So is the indoor humidity: it is
        an outcome of the day that is predicted.

    Raises:
        MeasurementsError: There are none, or a column is missing.
    """
    minutes = read(folder)
    if "t_set_cool_c" not in minutes.columns:
        raise MeasurementsError(folder, "its files have no t_set_cool_c")
    return hours_of(minutes)


def hours_of(minutes: pd.DataFrame) -> pd.DataFrame:
    """The hours of `read_days` from minutes with the columns of the data set."""
    used = minutes[~minutes["device_id"].isin(EXCLUDED_TESTS)]
    used = used[~used["device_id"].str.endswith(f"-{STORE_VARIANT}")]
    grouped = used.groupby(["device_id", used["ts"].dt.hour.rename("hour")], sort=True)
    hours = grouped.agg(
        electric_energy_kwh=("power_w", lambda power_w: power_w.sum() / 60_000),
        setpoint_c=("t_set_cool_c", "mean"),
        outdoor_dry_bulb_c=("t_out_c", "mean"),
    ).reset_index()
    parts = hours["device_id"].str.split("-", expand=True)
    began = used.groupby("device_id")["ts"].min().dt.strftime("%m-%d")
    hours = hours.assign(
        test=hours["device_id"],
        schedule=parts[1],
        variant=parts[2],
        home=parts[2].where(~parts[2].isin(WEATHER_VARIANTS), "Default"),
        weather_day=parts[0] + " " + hours["device_id"].map(began),
    )
    return pd.concat([_with_features(day) for _, day in hours.groupby("test", sort=True)], ignore_index=True)


def pairs_of(days: pd.DataFrame) -> list[MeasuredPair]:
    """Tests of one weather day, home and people under both schedules."""
    tests = dict(iter(days.groupby("test", sort=True)))
    pairs = []
    for name, habit in tests.items():
        other = str(name).replace(f"-{HABIT}-", f"-{ADVISED}-")
        if other != name and other in tests and habit["variant"].iloc[0] not in FREE_VARIANTS:
            label = str(name).replace(f"-{HABIT}-", " ")
            pairs.append(MeasuredPair(label, str(habit["weather_day"].iloc[0]), habit, tests[other]))
    return pairs


def described(rows: pd.DataFrame, days: pd.DataFrame, left_out: str) -> pd.DataFrame:
    """`rows` with the descriptors of their home, from its habit on other weather days.

    A home without any has none: its descriptors stay unknown, which every forecast knows how to read.

    Args:
        rows: Hours of tests.
        days: Hours of all tests.
        left_out: The weather day that is judged: nothing of it is used, nor of a row's own weather day.
    """
    habit = days[(days["schedule"] == HABIT) & (days["weather_day"] != left_out)]
    habit = habit.assign(rise_k=habit["outdoor_dry_bulb_c"] - habit["setpoint_c"])
    habit = habit.assign(degree_k=np.maximum(0.0, habit["rise_k"]))
    parts = []
    for (home, weather_day), own in rows.groupby(["home", "weather_day"], sort=True):
        past = habit[(habit["home"] == home) & (habit["weather_day"] != weather_day)]
        kwh, degree_k, rise_k = past[[ENERGY_TARGET, "degree_k", "rise_k"]].mean()
        described_as = dict(
            zip(HOME_FEATURES, (kwh, degree_k, kwh, rise_k), strict=True)
        )  # it cools in all hours
        parts.append(own.assign(**described_as))
    return pd.concat(parts).loc[rows.index]


def scheduled(day: pd.DataFrame, setpoint_c: Floats) -> pd.DataFrame:
    """The hours of `day` as they would be planned at other setpoints, (24,) [°C]; energy is left."""
    return _with_features(day.assign(setpoint_c=setpoint_c))


def features(rows: pd.DataFrame) -> Floats:
    """`ENERGY_FEATURES` of hours, (n, features)."""
    return rows[list(ENERGY_FEATURES)].to_numpy(np.float64)


def _with_features(day: pd.DataFrame) -> pd.DataFrame:
    """One day's hours with `ENERGY_FEATURES`; the day before was the same."""
    setpoint_c = day["setpoint_c"].to_numpy(np.float64)
    known = {
        "solar_hour": day["hour"] + 0.5,
        "outdoor_dry_bulb_24h_c": day["outdoor_dry_bulb_c"].mean(),
        "setpoint_3h_c": np.mean([np.roll(setpoint_c, back) for back in (1, 2, 3)], axis=0),
        "setpoint_24h_c": setpoint_c.mean(),
        "on_ratio": 1.0,
    }
    unknown = {name: np.nan for name in ENERGY_FEATURES if name not in {*known, *day.columns}}
    rounded = {name: np.round(day[name], DECIMALS) for name in ("setpoint_c", "outdoor_dry_bulb_c")}
    return day.assign(**rounded, **{name: np.round(own, DECIMALS) for name, own in known.items()}, **unknown)


def weather_days(pairs: Sequence[MeasuredPair]) -> list[str]:
    """The weather days of the pairs, each once."""
    return sorted({pair.weather_day for pair in pairs})
