"""What advice saves in a fleet that changes, by who learns of the change: nobody, the homes, the loop too.

For four weeks before the change the fleet is advised by the models that served; on that day it parts, the
same homes, weather, people and noise. In one part nothing changes. In the others everything does, and advice
goes on with what was known of the homes and the models of that day; with what homes learn each night; and
with each day's champion of the loop besides. Each is compared with the same fleet at its habit: what the
first saves over the second was lost, and the others say who regains it. Some homes concerned are advised.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy, deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, Final

import numpy as np
from typing_extensions import override

from cloud.advice import Preferences
from cloud.advice_round import Draft
from cloud.advisor import HomeAdvisor
from cloud.champion import Champion
from device_sim.moving import MovingFleet
from device_sim.policy import HabitSetpoints
from device_sim.season import play_steps
from device_sim.wire.readings import StepReadings
from infra.local.judging.advised import Ablation, Advised, WeatherService, advised
from infra.local.judging.play import play
from infra.local.loop_fleets import STEP_S, Changed, Plan, fleet_of, let_move, said_wrongly
from infra.local.pairs import Floats

ADVISED_DAYS: Final = 28
"""Advice begins so long before the change, and has found its homes' limits by then [days]."""

MOST_ADVISED: Final = 8
"""Homes that are advised at most: more would take the better part of an hour."""

WEEK_DAYS: Final = 7

LEARNT: Final = ("grey_box", "recovery", "yesterday")
"""What the homes' updates learn, besides their people's comfort."""


@dataclass(frozen=True, slots=True)
class Arm:
    """What was saved against the same homes at their habit.

    Attributes:
        weeks: In each week after the change [ratio].
        whole: In all of them [ratio].
    """

    weeks: list[float]
    whole: float


@dataclass(frozen=True, slots=True)
class Saved:
    """What was saved in the homes concerned.

    Attributes:
        before: In the week before the change, against the same homes at their habit [ratio].
        unchanged: After that day, had nothing changed.
        unlearning: With the models of that day and what was known of the homes by then.
        nightly: With the models of that day, and homes that go on learning.
        loop: With those that the loop made, too.
    """

    before: float
    unchanged: Arm
    unlearning: Arm
    nightly: Arm
    loop: Arm

    @property
    def lost(self) -> float:
        """What the change costs those who learn nothing of it [ratio of their electricity at the habit]."""
        return self.unchanged.whole - self.unlearning.whole

    @property
    def regained_nightly(self) -> float:
        """How much of it the homes' own updates bring back [the same]."""
        return self.nightly.whole - self.unlearning.whole

    @property
    def regained_by_loop(self) -> float:
        """How much more the loop's models do [the same]."""
        return self.loop.whole - self.nightly.whole


Served = Callable[[int], Champion]
"""Who serves on a day, counted from the first of the simulation."""


def saving_of(changed: Changed, plan: Plan, served: Served) -> Saved:
    """Play the fleet of `changed` again, advised."""
    began = plan.change_day - ADVISED_DAYS
    fleet = fleet_of(changed.change, plan)
    play_steps(fleet, began * 86_400 // STEP_S, HabitSetpoints())
    concerned = [place for place, site in enumerate(fleet.sites) if site.device_id in changed.affected]
    some = concerned[:MOST_ADVISED]
    at_habit, control = fleet.fork(), _advisors(fleet, some, served(began))
    before, after = range(began, plan.change_day), range(plan.change_day, plan.days - 1)
    whole_before = _lived(at_habit, None, before, served), _lived(fleet, control, before, served)
    last = control.champion
    unchanged = _unchanged(plan, (at_habit, fleet), control, after)
    for each in (at_habit, fleet):
        let_move(changed.change, plan, each)
    control.heard = partial(said_wrongly, changed.change, affected=changed.affected)
    habit_kwh = _lived(at_habit, None, after, served)
    arms = {
        "unlearning": _lived(fleet.fork(), _unlearning(control), after, lambda _: last),
        "nightly": _lived(fleet.fork(), deepcopy(control), after, lambda _: last),
        "loop": _lived(fleet, control, after, served),
    }
    told = {name: _arm(habit_kwh, kwh, some) for name, kwh in arms.items()}
    return Saved(_arm(*whole_before, some).weeks[-1], _arm(*unchanged, some), **told)


def _unchanged(
    plan: Plan, fleets: tuple[MovingFleet, MovingFleet], control: "_Told", days: range
) -> tuple[Floats, Floats]:
    """Electricity had nothing changed, at the habit and advised by the models of the day before."""
    sound = fleet_of("nothing", plan)
    at_habit, fleet = (each.fork_into(sound) for each in fleets)
    advice, last = deepcopy(control), control.champion
    advice.service = WeatherService(fleet)
    return _lived(at_habit, None, days, lambda _: last), _lived(fleet, advice, days, lambda _: last)


class Unlearning(HomeAdvisor):
    """An advisor that goes by what was known of its home when it was restored.

    It sees and hears what happens, and yields to people; but what it knows of its home's grey box, pull-down,
    ratio and comfort stays: the updates are taken away.
    """

    fitting = "never"
    _known: Mapping[str, Any] | None = None

    @override
    def begin(self, at: datetime) -> Draft:
        home = self._home
        if self._known is None:
            self._known = deepcopy({name: getattr(home, name) for name in LEARNT})
            self._comfort = deepcopy(home.tolerance.comfort)
        for name, part in deepcopy(self._known).items():
            setattr(home, name, part)
        home.tolerance.comfort = deepcopy(self._comfort)
        return HomeAdvisor.begin(self, at)


def _unlearning(control: "_Told") -> "_Told":
    """The same advisors, as they are, who learn no more."""
    made = {
        device_id: Unlearning.restore(control.champion, each.installation, each.state())
        for device_id, each in control.advisors.items()
    }
    for each in made.values():
        each.configure(control.wishes)
    return replace(deepcopy(control), advisors=made)


@dataclass(slots=True)
class _Told(Advised):
    """Advisors of some homes, that hear what devices say, which need not be what is.

    Attributes:
        places: Of these homes in the fleet.
        heard: What is made of a step's readings on their way.
    """

    places: Sequence[int] = ()
    heard: Callable[[StepReadings], StepReadings] = field(default=copy)

    @override
    def observe(self, readings: StepReadings) -> None:
        told = self.heard(readings)
        for place, advisor in zip(self.places, self.advisors.values(), strict=True):
            advisor.observe(told.telemetry(place))

    @override
    def hear(self, taps: Iterable[str], at: datetime) -> None:
        Advised.hear(self, self.advisors.keys() & set(taps), at)

    @override
    def hear_undone(self, undos: Iterable[str], at: datetime) -> None:
        Advised.hear_undone(self, self.advisors.keys() & set(undos), at)


def _advisors(fleet: MovingFleet, places: Sequence[int], champion: Champion) -> _Told:
    sites, service = [fleet.sites[place] for place in places], WeatherService(fleet)
    made = advised(champion, sites, service, Ablation(), Preferences().comfort_lambda)
    return _Told(champion, made.advisors, service, made.wishes, places=places)


def _lived(fleet: MovingFleet, control: Advised | None, days: range, served: Served) -> Floats:
    """Electricity of each day and home, `(days, homes)` [kWh]."""
    playing = play(fleet, control, len(days))
    for day in days:
        if control is not None:
            control.champion = served(day)
        next(playing)
    try:
        next(playing)
    except StopIteration as ended:
        kwh: Floats = ended.value.days.cooling_kwh
        return kwh
    raise AssertionError(days)


def _arm(habit_kwh: Floats, advised_kwh: Floats, homes: Sequence[int]) -> Arm:
    """What is saved of `(days, homes)`, in whole weeks and in all of them."""
    weeks = range(0, len(habit_kwh) - WEEK_DAYS + 1, WEEK_DAYS)
    spent = np.array(
        [
            [kwh[first : first + WEEK_DAYS, list(homes)].sum() for first in weeks]
            for kwh in (habit_kwh, advised_kwh)
        ]
    )
    without, with_advice = spent.sum(axis=1)
    return Arm((1.0 - spent[1] / spent[0]).tolist(), float(1.0 - with_advice / without))
