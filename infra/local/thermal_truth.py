"""Truth of counterfactual setpoints: the same fleet, weather, people and noise, forked once a path."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from typing_extensions import override

from cloud.habit import Habit
from cloud.home_state import HomeState
from cloud.hours import HourlyHistory
from cloud.observer import Observer
from cloud.thermal.rows import Floats, Rows
from device_sim.fleet import Fleet, FleetSpec
from device_sim.policy import HabitSetpoints, Policy, RandomisedSetpoints
from device_sim.season import play_steps
from device_sim.wire.readings import StepReadings
from edge.contract import Desired
from infra.local.thermal_fleets import rows_of

LEARNING_DAYS, FORKED_DAYS = 14, 3
"""Days before the paths part, and after."""

HALVES: Final = 48 * FORKED_DAYS
SET_BACK_K, SET_BACK_HOURS = 4.0, (9, 17)
"""Depth [K] and local hours of the set-back."""

HIGHEST_C = 30.0

ARMS: Final = ("habit", "+1", "+2", "set_back")


@dataclass(frozen=True, slots=True)
class Held(Policy):
    """Setpoints by half-hour, said anew each step: people who act lose within one.

    Attributes:
        paths_c: (homes, half-hours) [°C].
        start_s: When they begin [s since 1970].
    """

    paths_c: Floats
    start_s: float

    @override
    def commands(self, fleet: Fleet) -> Iterable[tuple[str, Desired]]:
        half = int((fleet.now.timestamp() - self.start_s) // 1800)
        for site, setpoint_c in zip(fleet.sites, self.paths_c[:, half].tolist(), strict=True):
            yield site.device_id, Desired(setpoint_c=setpoint_c, mode="cool", requested_by="app")


@dataclass(slots=True)
class Learnt:
    """What today's advisor has learnt of each home: its hours and its changes of temperature."""

    histories: list[HourlyHistory] = field(default_factory=list[HourlyHistory])
    homes: list[HomeState] = field(default_factory=list[HomeState])


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a path did, (h, half-hours): indoor temperature (mean) [°C] and electricity [kWh]."""

    indoor_c: Floats
    kwh: Floats


@dataclass(frozen=True, slots=True)
class Case:
    """A fleet that learnt, and what paths then did.

    Attributes:
        fleet: As it was when the paths parted.
        rows: Of the learning days.
        learnt: By today's advisor in the same days.
        paths_c: By arm, (h, half-hours) [°C].
        truth: By arm.
        outdoor_c: Of the forked days by half-hour, (half-hours,) [°C].
        ghi_w_m2: Sunshine of the same [W/m²].
    """

    fleet: Fleet
    rows: Rows
    learnt: Learnt
    paths_c: dict[str, Floats]
    truth: dict[str, Outcome]
    outdoor_c: Floats
    ghi_w_m2: Floats


def case(spec: FleetSpec, *, by_lot: bool) -> Case:
    """Let a fleet learn, at its habit or with setpoints by lot, and fork it."""
    fleet = Fleet(spec, LEARNING_DAYS + FORKED_DAYS)
    day = 86_400 // spec.step_s
    policy = RandomisedSetpoints(fleet) if by_lot else HabitSetpoints()
    steps = play_steps(fleet, LEARNING_DAYS * day, policy)
    paths_c = _paths_c(fleet)
    truth = {arm: _played(fleet.fork(), path_c) for arm, path_c in paths_c.items()}
    ahead = slice(LEARNING_DAYS * day, (LEARNING_DAYS + FORKED_DAYS) * day)
    return Case(
        fleet=fleet,
        rows=rows_of(fleet, steps, 0),
        learnt=_learn(fleet, steps),
        paths_c=paths_c,
        truth=truth,
        outdoor_c=fleet.weather.outdoor_dry_bulb_c[ahead].reshape(HALVES, -1).mean(axis=1),
        ghi_w_m2=fleet.weather.ghi_w_m2[ahead].reshape(HALVES, -1).mean(axis=1),
    )


def _paths_c(fleet: Fleet) -> dict[str, Floats]:
    habit_c = np.array([site.habit_setpoint_c for site in fleet.sites])
    flat_c = np.tile(habit_c[:, np.newaxis], HALVES)
    zone = ZoneInfo(fleet.sites[0].timezone)
    first, last = SET_BACK_HOURS
    away = np.array(
        [
            half < 48 + 24
            and first <= (fleet.now + timedelta(minutes=30 * half)).astimezone(zone).hour < last
            for half in range(HALVES)
        ]
    )
    away &= np.cumsum(np.diff(away.astype(int), prepend=0) > 0) == 1  # the first one only
    rises: dict[str, Callable[[], Floats]] = {
        "habit": lambda: flat_c,
        "+1": lambda: flat_c + 1.0,
        "+2": lambda: flat_c + 2.0,
        "set_back": lambda: flat_c + SET_BACK_K * away,
    }
    return {arm: np.minimum(rises[arm](), HIGHEST_C) for arm in ARMS}


def _played(fleet: Fleet, path_c: Floats) -> Outcome:
    steps = FORKED_DAYS * 86_400 // fleet.spec.step_s
    played = play_steps(fleet, steps, Held(path_c, fleet.now.timestamp()))
    per_half = 1800 // fleet.spec.step_s
    power_w = np.stack([step.electric_power_w for step in played], axis=1)
    indoor_c = np.stack([step.indoor_dry_bulb_c for step in played], axis=1)
    shape = (len(power_w), HALVES, per_half)
    return Outcome(
        np.nanmean(indoor_c.reshape(shape), axis=2), power_w.reshape(shape).mean(axis=2) * 0.5 / 1000.0
    )


def _learn(fleet: Fleet, steps: Sequence[StepReadings]) -> Learnt:
    learnt = Learnt()
    for place, site in enumerate(fleet.sites):
        history, home = HourlyHistory(site.longitude_deg), HomeState(Habit(site.habit_setpoint_c))
        observer = Observer(home, site.timezone)
        for step in steps:
            if step.power_on_fault[place] or step.lost[place]:
                continue
            reading = step.telemetry(place)
            history.observe(reading)
            observer.observe(reading)
        learnt.histories.append(history)
        learnt.homes.append(home)
    return learnt
