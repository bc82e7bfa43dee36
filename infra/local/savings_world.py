"""A world in which the true saving is known: homes that live all days under every order of arms that matters.

What a day uses depends on the arms of that day and of those before, by heat that is stored and by people who
have switched advice off. So the same homes live the whole season under all 16 orders that repeat after four
days; the last four arms of any day of any assignment are those of one of them. What is older than that is
taken from the order that was played: `unlike` plays an assignment itself and says how much that misses.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from cloud.assignment import Assignment
from cloud.savings.home_days import Floats, HomeDays
from cloud.savings.neighbours import beside_neighbours
from cloud.savings.rules import LAGS
from device_sim.faults.plan import FaultPlan, RandomFault
from device_sim.fleet import Fleet, FleetSpec, Site
from device_sim.noise import Split
from infra.local.judging.control import DECISION_S, command
from infra.local.judging.rules import Habits

Bools: TypeAlias = npt.NDArray[np.bool_]

START: Final = datetime(2026, 6, 1, 7, tzinfo=UTC)
"""Midnight in the zone of the hot and dry climate."""

STEP_S: Final = 900
DAY_STEPS: Final = 86_400 // STEP_S
MEMORY_DAYS: Final = 4
"""Arms of so many days are told apart, the day itself among them [days]."""

RUN_IN_DAYS: Final = 7
"""Days under the arms before the first that is looked at [days]."""

WARMER_K: Final = (0.5, 2.5)
"""Advice is the home's habit and so much, each home its own [K]: an assumption."""

HERE: Final = "here"
"""All homes of a world have the same weather."""

MISSING_RATIO: Final = 0.04
"""Of home-days, without a network: an assumption."""

FAULTS: Final = FaultPlan(
    random=(
        RandomFault(kind="clogged_filter", per_season=0.3, lasts_h=500.0, severity=0.6),
        RandomFault(kind="low_refrigerant", per_season=0.1, lasts_h=800.0, severity=0.4),
        RandomFault(kind="window_left_open", per_season=2.0, lasts_h=6.0),
    )
)
"""What goes wrong: an assumption."""


@dataclass(frozen=True, slots=True)
class Place:
    """Which world.

    Attributes:
        homes: How many.
        seed: Of the homes and their weather.
        split: Whose homes: what was chosen was chosen on `train`.
        before: Days at the habit before anything else [days]; 0: only those in which habits are learnt.
        days: That are looked at [days].
    """

    homes: int
    seed: int
    split: Split = "test"
    before: int = 28
    days: int = 28
    climate: str = "hot_dry"


class World:
    """Homes of which every order of arms can be played.

    Args:
        place: Which.

    Attributes:
        before_kwh: Electricity before the first day of arms, at the habit, (days, homes) [kWh].
        outdoor_c: Mean outdoor temperature of all days from the first of `before_kwh` on, (days,) [°C].
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        spec = FleetSpec(
            place.homes,
            place.seed,
            START,
            STEP_S,
            place.climate,
            split=place.split,
            plan=FAULTS,
        )
        days = place.before + RUN_IN_DAYS + place.days
        self._fleet = Fleet(spec, days + 1)
        air_c = self._fleet.weather.outdoor_dry_bulb_c[: days * DAY_STEPS]
        self.outdoor_c: Floats = air_c.reshape(days, DAY_STEPS).mean(axis=1)
        self._habits = Habits.of(self._fleet)
        self._warmer_k = np.random.default_rng(place.seed).uniform(*WARMER_K, place.homes)
        nobody = np.zeros((place.before, place.homes), np.bool_)
        self.before_kwh = self._live(self._fleet, nobody, learns=True)

    @property
    def sites(self) -> tuple[Site, ...]:
        """What installers could know of the homes."""
        return self._fleet.sites

    @property
    def arm_days(self) -> int:
        """Days that are lived under arms, the run-in among them."""
        return RUN_IN_DAYS + self.place.days

    def play(self, advised: Bools) -> Floats:
        """Electricity of days lived as drawn, (arm_days, homes) [kWh]."""
        return self._live(self._fleet.fork(), advised, learns=False)

    def _live(self, fleet: Fleet, advised: Bools, *, learns: bool) -> Floats:
        fleet.reset_truth()
        used, before = [], fleet.truth().cooling_kwh
        for today in advised:
            midnight = fleet.now + timedelta(days=1)
            homes = np.flatnonzero(today)
            for step in range(DAY_STEPS):
                if step * STEP_S % DECISION_S == 0:
                    self._advise(fleet, homes, midnight)
                readings = fleet.step()
                if learns:
                    self._habits.learn(readings)
            total = fleet.truth().cooling_kwh
            used.append(total - before)
            before = total
        return np.array(used)

    def _advise(self, fleet: Fleet, homes: npt.NDArray[np.intp], midnight: datetime) -> None:
        """What is advised ends with the day."""
        at, slot = fleet.now, self._habits.clock.slot(fleet.now.timestamp())
        until = min(at + timedelta(seconds=4 * DECISION_S), midnight)
        for home in homes.tolist():
            device_id = fleet.sites[home].device_id
            habit_c = self._habits.by_device[device_id].setpoint_c(slot)
            fleet.command(device_id, command(round(habit_c + self._warmer_k[home], 1), at, until))


@dataclass(frozen=True, slots=True)
class Histories:
    """What homes use on each day after any four arms.

    Attributes:
        place: Which homes.
        used: By arms (today's first), day and home [kWh], (2, 2, 2, 2, days, homes).
        outdoor_c: Of the day and of two before, with `LAGS` days before the first, (LAGS + days, 3) [°C].
        counts: Whether a day was measured, (days, homes).
    """

    place: Place
    used: Floats
    outdoor_c: Floats
    counts: Bools

    @classmethod
    def of(cls, world: World, tell: Callable[[str], None]) -> "Histories":
        """Play all 16 orders."""
        place, days = world.place, world.arm_days
        used = np.zeros((2,) * MEMORY_DAYS + (place.days, place.homes))
        for order in product((0, 1), repeat=MEMORY_DAYS):
            arms = np.array([order[day % MEMORY_DAYS] for day in range(days)], np.bool_)
            lived = world.play(np.repeat(arms[:, np.newaxis], place.homes, axis=1))
            for day in range(RUN_IN_DAYS, days):
                key = tuple(order[(day - back) % MEMORY_DAYS] for back in range(MEMORY_DAYS))
                used[(*key, day - RUN_IN_DAYS)] = lived[day]
            tell(f"order {order}")
        random = np.random.default_rng(place.seed + 1)
        counts = random.random((place.days, place.homes)) >= MISSING_RATIO
        return cls(place, used, weather_of(world), counts)

    def as_drawn(self, advised: Bools) -> Floats:
        """What an assignment would have used, (days, homes) [kWh]; `advised` (RUN_IN_DAYS + days, homes)."""
        days, homes = np.indices((self.place.days, self.place.homes))
        arms = [advised[RUN_IN_DAYS - back :][: self.place.days].astype(int) for back in range(MEMORY_DAYS)]
        return np.asarray(self.used[(*arms, days, homes)])

    @property
    def habit(self) -> Floats:
        """What never being advised uses, (days, homes) [kWh]."""
        return np.asarray(self.used[(0,) * MEMORY_DAYS])

    @property
    def saved(self) -> Floats:
        """What always being advised truly saves against that, (days, homes) [kWh]."""
        return np.asarray(self.habit - self.used[(1,) * MEMORY_DAYS])


def weather_of(world: World) -> Floats:
    """Outdoor temperature of the day and of two before, from `LAGS` days before the first (n, 3) [°C]."""
    first, air_c = world.place.before + RUN_IN_DAYS - LAGS, world.outdoor_c
    return np.column_stack([air_c[first - back :][: len(air_c) - first] for back in range(3)])


def drawn(assignment: Assignment, place: Place) -> tuple[Bools, npt.NDArray[np.int64]]:
    """Arms and blocks of all days under arms, (RUN_IN_DAYS + days, homes), by the product's own lots."""
    first = date(2026, 6, 1) + timedelta(days=place.before)
    days = [first + timedelta(days=day) for day in range(RUN_IN_DAYS + place.days)]
    lots = [[assignment.of(f"home-{home}", day) for home in range(place.homes)] for day in days]
    arms = np.array([[lot.arm == "advised" for lot in row] for row in lots], np.bool_)
    return arms, np.array([[lot.block for lot in row] for row in lots], np.int64)


def home_days(
    used: Floats, arms: tuple[Bools, npt.NDArray[np.int64]], histories: Histories
) -> list[HomeDays]:
    """Homes as the estimator is told of them."""
    advised, block = arms[0][RUN_IN_DAYS - LAGS :].astype(np.float64), arms[1][RUN_IN_DAYS - LAGS :]
    seen = np.where(histories.counts, used, np.nan)
    before = np.full((LAGS, used.shape[1]), np.nan)
    rows = np.vstack([before, seen])
    return beside_neighbours(
        [
            HomeDays(
                f"home-{home}", rows[:, home], advised[:, home], block[:, home], histories.outdoor_c, HERE
            )
            for home in range(used.shape[1])
        ]
    )
