"""Homes of the backtest of forecasts: simulated ones of the split `validate`, and a measured one.

Of the measured data sets only `ecobee_home` has days of cooling in a row. It has no power meter: its load is
the compressor's run time at `RUNNING_W`, which no ratio depends on, except through the descriptors that the
shipped model reads. `hilft_ashp` has single days (`laboratory_backtest`), `ha_house` heats, without power.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from cloud.adapters.duckdb_hours import hours_frame
from cloud.adapters.lake_table import scan_table
from cloud.energy import usable_energy_hours
from cloud.feature_catalogue import HOME_FEATURES
from device_sim.fleet import FleetSpec
from edge.contract import Telemetry
from infra.local.base_champion import CLIMATES, JUDGED_START, fleet_hours
from infra.local.replay import load

FIRST_SEED: Final = 11
"""Of the first fleet; seeds 11 to 20 of `validate` are for such studies."""

ECOBEE: Final = "ecobee_home"

ECOBEE_ZONE, ECOBEE_LONGITUDE_DEG = ZoneInfo("America/New_York"), -80.0
"""Where the measured home is, an assumption (the data set says one US home); moves its clock only."""

RUNNING_W: Final = 3000.0
"""Power of the measured home's machine while it runs [W], an assumption: a usual central one."""

FROZEN: Final = ("indoor_rh_1h_pct", *HOME_FEATURES)
"""Features that a forecast for the coming day knows as they are at its first hour."""


@dataclass(frozen=True, slots=True)
class Homes:
    """Homes that are judged together.

    Attributes:
        name: Climate, or data set.
        hours: As `day_ahead` gives them.
        measured: Whether a machine was measured.
    """

    name: str
    hours: pd.DataFrame
    measured: bool


def simulated_homes(homes: int, days: int) -> list[Homes]:
    """A fleet in each climate, two weeks at its habit and then with setpoints by lot."""
    fleets = []
    for place, climate in enumerate(CLIMATES):
        spec = FleetSpec(homes, FIRST_SEED + place, JUDGED_START, climate=climate, split="validate")
        fleets.append(Homes(climate, day_ahead(fleet_hours(spec, days)), measured=False))
    return fleets


def ecobee_homes(data: Path) -> Homes:
    """The measured home; what the contract refuses of its rows is left out."""
    recording = load(data / ECOBEE, "ecobee", ECOBEE_ZONE)
    readings = []
    for row in recording.readings:
        ratio = row.payload.get("compressor_ratio")
        power_w = None if ratio is None else RUNNING_W * ratio
        readings.append(Telemetry.model_validate({**row.payload, "electric_power_w": power_w}))
    newest = {(reading.device_id, reading.sampled_at): reading for reading in readings}
    hours = hours_frame(scan_table(newest.values()), dict.fromkeys(recording.devices, ECOBEE_LONGITUDE_DEG))
    return Homes(ECOBEE, day_ahead(hours), measured=True)


def day_ahead(hours: pd.DataFrame) -> pd.DataFrame:
    """Usable hours as a forecast made at solar midnight sees them, direct for each hour of the day.

    Setpoints (as they were, so the plan is known) and outdoor air (a perfect forecast) are those of the hour;
    what the home was like stays as at midnight. A home's first day has no descriptors (NaN): the trees learnt
    to do without, and ridge puts the mean of its training there.

    Args:
        hours: Columns of `cloud.features`.

    Returns:
        The same columns and `hour` (since 1970, of its start) and `day` (solar, counted from the first one).
    """
    known = usable_energy_hours(hours).sort_values(["device_id", "hour_end_at"], kind="stable")
    hour = (known["hour_end_at"] - pd.Timestamp(0, tz="UTC")) // pd.Timedelta(hours=1) - 1
    solar = np.rint((hour + 0.5 - known["solar_hour"]) / 24).astype(np.int64)
    known = known.assign(hour=hour.to_numpy(np.int64), day=(solar - solar.min()).to_numpy(np.int64))
    midnight = known.groupby(["device_id", "day"], sort=False)[list(FROZEN)].transform("first")
    return known.assign(**{name: midnight[name] for name in FROZEN}).reset_index(drop=True)
