"""Fleets with a planted change, for the study of the loop: the hours before and after it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, TypeAlias, get_args

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

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
from device_sim.wire.readings import StepReadings
from infra.local.pairs import Floats

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


WRONG: Final[Mapping[Change, str]] = {"unit": "electric_power_w", "sensor": "outdoor_dry_bulb_c"}
"""What is reported wrongly."""


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


def moved_homes(plan: Plan) -> NDArray[np.bool_]:
    """Those whose filters clog or whose people leave, `(homes,)`."""
    return np.asarray(np.arange(plan.homes) % round(1 / CHANGED_SHARE) == 0, np.bool_)


def fleet_of(change: Change, plan: Plan) -> MovingFleet:
    """The fleet before its first day; who lives there is exchanged by `let_move`."""
    fault = Fault(
        kind="clogged_filter",
        starts_at=_changes_at(plan),
        severity=CLOGGED,
        homes=tuple(np.flatnonzero(moved_homes(plan)).tolist()),
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
    return MovingFleet(spec, plan.days, _another_season(plan) if change == "season" else None)


def let_move(change: Change, plan: Plan, fleet: MovingFleet) -> None:
    """Do what has to be done on the day of the change."""
    if change == "occupants":
        fleet.exchange_people(moved_homes(plan), plan.seed + 1)


def play(change: Change, plan: Plan) -> Changed:
    """Let a fleet live at its habit, through the change."""
    fleet = fleet_of(change, plan)
    before = plan.change_day * 86_400 // STEP_S
    steps = play_steps(fleet, before, HabitSetpoints())
    let_move(change, plan, fleet)
    steps += play_steps(fleet, plan.days * 86_400 // STEP_S - before, HabitSetpoints())
    affected = _affected(change, plan, fleet.sites)
    true = to_table(steps)
    said = _reported(change, true, affected, _changes_at(plan))
    longitudes_deg = {site.device_id: site.longitude_deg for site in fleet.sites}
    hours = hours_frame(said, longitudes_deg)
    true_kwh = (hours if said is true else hours_frame(true, longitudes_deg))[ENERGY_TARGET]
    regions = {site.device_id: region_of(site) for site in fleet.sites}
    faulty = joined([flagged_days(said), odd_outdoor_days(hours, regions)])
    return Changed(change, said, hours, true_kwh, faulty, fleet.sites, affected, plan.start)


def said_wrongly(change: Change, readings: StepReadings, affected: frozenset[str]) -> StepReadings:
    """A step as devices report it after the change, when their firmware or sensor is what has changed."""
    if change not in WRONG:
        return readings
    theirs = np.array([device_id in affected for device_id in readings.device_ids])
    values = getattr(readings, WRONG[change])
    column: dict[str, Any] = {WRONG[change]: np.where(theirs, _wrong(change, values), values)}
    return replace(readings, **column)


def _changes_at(plan: Plan) -> datetime:
    return plan.start + timedelta(days=plan.change_day)


def _affected(change: Change, plan: Plan, sites: Sequence[Site]) -> frozenset[str]:
    if change in WRONG:
        return frozenset(site.device_id for site in sites if site.inverter)
    some = moved_homes(plan) if change in ("filters", "occupants") else np.ones(plan.homes, np.bool_)
    return frozenset(site.device_id for site, is_so in zip(sites, some, strict=True) if is_so)


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
    if change not in WRONG:
        return table
    column = WRONG[change]
    late = table["sampled_at"].to_numpy() > np.datetime64(since.replace(tzinfo=None))
    theirs = pc.is_in(table["device_id"], pa.array(sorted(affected))).to_numpy()
    values = table[column].to_numpy().astype(np.float64)
    said = np.where(late & theirs, _wrong(change, values), values)
    place = table.schema.get_field_index(column)
    return table.set_column(place, table.schema.field(column), pa.array(said, from_pandas=True))


def _wrong(change: Change, values: Floats) -> Floats:
    return np.asarray(values / KILO if change == "unit" else values + SENSOR_OFF_K)
