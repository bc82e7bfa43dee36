"""Fleets with a planted change, for the study of the loop: the hours before and after it."""

from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, TypeAlias, get_args

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from cloud.adapters.duckdb_hours import hours_frame
from cloud.drift.cohorts import region_of
from cloud.faulty_days import flagged_days, joined, odd_outdoor_days
from cloud.feature_catalogue import ENERGY_TARGET
from device_sim.faults.plan import Fault, FaultPlan
from device_sim.fleet import FleetSpec, Site
from device_sim.moving import MovingFleet
from device_sim.noise import Noise, Split
from device_sim.outdoors.generator import generate
from device_sim.outdoors.weather import Weather
from device_sim.policy import HabitSetpoints
from device_sim.season import play_steps, to_table

Change: TypeAlias = Literal["nothing", "filters", "season", "occupants", "unit", "sensor"]

CHANGES: Final[tuple[Change, ...]] = get_args(Change)

START: Final = datetime(2025, 6, 1, 7, tzinfo=UTC)
STEP_S: Final = 900

CHANGED_SHARE: Final = 0.2
"""Of the homes, that have clogged filters or other people [ratio]."""

CLOGGED: Final = 0.5
"""Share of the air flow that clogged filters take; with more the simulator's equations do not hold."""

SEASON_DAYS: Final = 110
"""So much later in the year the new season is, from one day to the next [days]."""

SENSOR_OFF_K: Final = 8.0
"""How much too warm the broken outdoor sensors read [K]."""

KILO: Final = 1000.0
"""What the firmware with another unit reports too little by: kW for W."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A fleet, before and after.

    Attributes:
        change: What was planted.
        readings: What devices said.
        hours: Columns of `cloud.features`, as reported.
        true_kwh: Electricity that each of these hours took in truth [kWh].
        faulty: What the rules say of the days, `cloud.faulty_days.COLUMNS`.
        sites: What an installer knows of the homes.
        affected: Devices that it concerns.
        began: First hour of the simulation.
    """

    change: Change
    readings: pa.Table
    hours: pd.DataFrame
    true_kwh: "pd.Series[float]"
    faulty: pd.DataFrame
    sites: tuple[Site, ...]
    affected: frozenset[str]
    began: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """What is played.

    Attributes:
        homes: So many.
        seed: Of the fleet.
        climate: Of the weather.
        split: Of the fleet.
        days: Length [days].
        change_day: When it changes [days].
        start: Its first instant.
    """

    homes: int
    seed: int
    climate: str
    split: Split
    days: int
    change_day: int
    start: datetime = START


def play(change: Change, plan: Plan) -> Changed:
    """Let a fleet live at its habit, through the change."""
    changes_at = plan.start + timedelta(days=plan.change_day)
    moved = np.arange(plan.homes) % round(1 / CHANGED_SHARE) == 0
    fault = Fault(
        kind="clogged_filter",
        starts_at=changes_at,
        severity=CLOGGED,
        homes=tuple(np.flatnonzero(moved).tolist()),
    )
    spec = FleetSpec(
        plan.homes,
        plan.seed,
        plan.start,
        step_s=STEP_S,
        climate=plan.climate,
        split=plan.split,
        plan=FaultPlan(faults=(fault,) if change == "filters" else ()),
    )
    fleet = MovingFleet(spec, plan.days, _another_season(plan) if change == "season" else None)
    before = plan.change_day * 86_400 // STEP_S
    steps = play_steps(fleet, before, HabitSetpoints())
    if change == "occupants":
        fleet.exchange_people(moved, plan.seed + 1)
    steps += play_steps(fleet, plan.days * 86_400 // STEP_S - before, HabitSetpoints())
    ids = np.array([site.device_id for site in fleet.sites])
    inverters = frozenset(site.device_id for site in fleet.sites if site.inverter)
    affected = {
        "nothing": frozenset(ids),
        "season": frozenset(ids),
        "filters": frozenset(ids[moved]),
        "occupants": frozenset(ids[moved]),
    }.get(change, inverters)
    true = to_table(steps)
    said = _reported(change, true, affected, changes_at)
    longitudes_deg = {site.device_id: site.longitude_deg for site in fleet.sites}
    hours = hours_frame(said, longitudes_deg)
    true_kwh = (hours if said is true else hours_frame(true, longitudes_deg))[ENERGY_TARGET]
    regions = {site.device_id: region_of(site) for site in fleet.sites}
    faulty = joined([flagged_days(said), odd_outdoor_days(hours, regions)])
    return Changed(change, said, hours, true_kwh, faulty, fleet.sites, affected, plan.start)


def _another_season(plan: Plan) -> Weather:
    """Summer, and from one day to the next the weather of so much later in the year."""
    noise = Noise(plan.seed, plan.split, 1)
    summer, later = (
        generate(plan.climate, noise, start, plan.days, STEP_S)
        for start in (plan.start, plan.start + timedelta(days=SEASON_DAYS))
    )
    cut = plan.change_day * 86_400 // STEP_S
    joined: dict[str, Any] = {
        field.name: np.concatenate([getattr(summer, field.name)[:cut], getattr(later, field.name)[cut:]])
        for field in fields(Weather)
        if isinstance(getattr(summer, field.name), np.ndarray)
    }
    return replace(summer, **joined)


def _reported(change: Change, table: pa.Table, affected: frozenset[str], since: datetime) -> pa.Table:
    """What devices say, when it is their firmware or their sensor that has changed."""
    if change not in {"unit", "sensor"}:
        return table
    column = "electric_power_w" if change == "unit" else "outdoor_dry_bulb_c"
    late = table["sampled_at"].to_numpy() > np.datetime64(since.replace(tzinfo=None))
    theirs = pc.is_in(table["device_id"], pa.array(sorted(affected))).to_numpy()
    values = table[column].to_numpy().astype(np.float64)
    wrong = values / KILO if change == "unit" else values + SENSOR_OFF_K
    said = np.where(late & theirs, wrong, values)
    place = table.schema.get_field_index(column)
    return table.set_column(place, table.schema.field(column), pa.array(said, from_pandas=True))
