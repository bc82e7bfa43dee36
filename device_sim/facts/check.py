"""The check: a few days of fleets in all climates, and every fact that they show."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from device_sim.facts.energy import kwh_a_day, peak_load, saved_in, saved_on_average, saved_pct
from device_sim.facts.fact import Fact, Reference
from device_sim.facts.homes import humidity, recovery, swing_at_habit, swing_when_off
from device_sim.facts.machines import duty_by_weather, rated_efficiency, starts_at_half_load
from device_sim.facts.observed import Observed, observe, set_back, switch_off, wait_for, warmer_than
from device_sim.facts.people import AWAY_AT_NOON, away_at_noon, overrides
from device_sim.fleet import FaultRates, Fleet, FleetSpec
from device_sim.machine.curves import Kind
from device_sim.noise import Floats

START = datetime(2025, 7, 1, 4, tzinfo=UTC)
"""A Tuesday."""

SETTLE_DAYS, WATCH_DAYS = 1, 14
"""Days before and while homes are watched [d]: masses forget their start, +1 °C its stored heat, and a cool
week is not the climate."""

OFF_DAYS = 2
"""How long machines are off for what a home swings alone [d]; the season is no shorter than that."""

KIND_NAMES = {kind.value: kind.name.lower().replace("_", " ") for kind in Kind}

CLIMATES = ("hot_dry", "hot_humid", "mild_summer")


@dataclass(frozen=True, slots=True)
class Insight:
    """What only the simulator knows of its homes; arrays are `(homes,)`.

    Attributes:
        kinds: Kind of each machine.
        is_single_speed: Which machines only know on and off.
        rated_eer: Cooling over electricity at the rating point, fans included [W/W].
        groups: Further names by which recoveries are told apart, such as the homes' archetypes.
    """

    kinds: tuple[str, ...]
    is_single_speed: NDArray[np.bool_]
    rated_eer: Floats
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


def insight_of(fleet: Fleet) -> Insight:
    """What the fleet knows of its machines."""
    machines = fleet.machines
    net_w = machines.capacity_w - machines.fan_w
    return Insight(
        kinds=tuple(KIND_NAMES[code] for code in machines.kind.tolist()),
        is_single_speed=machines.kind == Kind.SINGLE_SPEED,
        rated_eer=net_w / (machines.capacity_w / machines.rated_cop + machines.fan_w),
        groups={"archetype": fleet.archetypes},
    )


def check(
    homes: int, seed: int, away: Reference = AWAY_AT_NOON, *, watch_days: int = WATCH_DAYS
) -> Iterator[Fact]:
    """Every fact, as it is found.

    Args:
        homes: How many homes a climate; 200 give means within a few percent.
        seed: Any integer.
        away: The share of homes that should be empty at noon of a weekday.
        watch_days: How long they are watched [d].
    """
    spec = FleetSpec(homes, seed, START, split="validate", faults=FaultRates(0.0, 0.0, 0.0))
    saved: list[Floats] = []
    for climate in CLIMATES:
        yield from _of_climate(replace(spec, climate=climate), watch_days, away, saved)
    yield saved_on_average(np.concatenate(saved))
    yield from _of_minutes(replace(spec, step_s=60))


def _of_climate(spec: FleetSpec, watch_days: int, away: Reference, saved: list[Floats]) -> Iterator[Fact]:
    """Facts of one climate; what a kelvin saves there is added to `saved`."""
    climate = spec.climate
    fleet = Fleet(spec, SETTLE_DAYS + 1 + max(watch_days, OFF_DAYS))
    observe(fleet, 24.0 * SETTLE_DAYS)
    wait_for(fleet, 0)
    first = fleet.fork()
    habit = observe(fleet, 24.0 * watch_days)
    warmer = observe(first.fork(), 24.0 * watch_days, warmer_than(habit, 1.0))
    saved.append(saved_pct(habit, warmer))
    yield saved_in(climate, saved[-1])
    yield kwh_a_day(habit, climate)
    yield from duty_by_weather(habit, climate)
    if climate == "hot_humid":
        yield humidity(habit, climate)
    if climate == "hot_dry":
        yield from _once(first, habit, away)


def _once(first: Fleet, habit: Observed, away: Reference) -> Iterator[Fact]:
    """Facts that one climate is enough for."""
    yield peak_load(habit, "hot_dry")
    yield away_at_noon(habit, away)
    yield from overrides(habit)
    yield swing_at_habit(habit)
    insight = insight_of(first)
    yield swing_when_off(observe(first.fork(), 24.0 * OFF_DAYS, switch_off))
    wait_for(first, 12)
    set_back(first, 3.0, 4.0)
    observe(first, 4.0)
    groups = {"kind": insight.kinds, **insight.groups}
    yield from recovery(observe(first, 8.0), groups)
    yield from rated_efficiency(insight.rated_eer, insight.kinds)


def _of_minutes(spec: FleetSpec) -> Iterator[Fact]:
    """Facts that need a step of a minute."""
    fleet = Fleet(spec, 2)
    observe(fleet, 12.0)
    yield starts_at_half_load(observe(fleet, 24.0), insight_of(fleet).is_single_speed)
