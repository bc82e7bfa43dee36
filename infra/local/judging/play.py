"""Play: days of a plant under a control, counted by day and home from the simulation's truth."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, fields
from typing import Self, TypeAlias

import numpy as np

from device_sim.wire.readings import StepReadings
from infra.local.judging.control import DECISION_S, Claiming, Claims, Control
from infra.local.judging.plant import Plant
from infra.local.judging.prices import Meter
from infra.local.judging.trial import Phase, Trial
from infra.local.pairs import Floats, Truth

DAY_S = 86_400
"""A day [s]."""

HOUR_S = 3600
"""Prices change on the hour [s]."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What happened, by home `(homes,)` (a `Truth`), or by day and home `(days, homes)`.

    Attributes:
        cooling_kwh: Electricity of the machine [kWh].
        warm_degree_hours_k_h: Integral of felt above the household's true upper limit while somebody is home
            [K·h].
        overrides: Changes by people at the unit.
        taps: Times that somebody said "a bit warm".
        hours: Time that passed [h].
        changes: Times that the setpoint changed, whoever changed it: a device beeps.
    """

    cooling_kwh: Floats
    warm_degree_hours_k_h: Floats
    overrides: Floats
    taps: Floats
    hours: Floats
    changes: Floats

    def columns(self) -> list[Floats]:
        """The arrays, in the order above."""
        return [getattr(self, each.name) for each in fields(self)]


@dataclass(frozen=True, slots=True)
class Played:
    """What an arm did.

    Attributes:
        days: By day and home, `(days, homes)`.
        claims: What was told at the start of each day of the 24 h to come, `(days, homes)`; None for arms
            that tell nothing.
        money: What the electricity cost, `(days, homes)` [currency]; None where no tariff bills it.
    """

    days: Counts
    claims: Claims | None = None
    money: Floats | None = None

    def over(self, phase: Phase) -> Counts:
        """The sums over some days, `(homes,)`."""
        some = slice(phase.first_day - 1, phase.last_day)
        return Counts(*(column[some].sum(axis=0) for column in self.days.columns()))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """The homes of several plays of the same arm over as many days, side by side."""
        days = zip(*(part.days.columns() for part in parts), strict=True)
        told = [part.claims for part in parts if part.claims is not None]
        claims = Claims(*(np.hstack(values) for values in zip(*told, strict=True))) if told else None
        bills = [part.money for part in parts if part.money is not None]
        money = np.hstack(bills) if bills else None
        return cls(Counts(*(np.hstack(values) for values in days)), claims, money)


Playing: TypeAlias = Generator[None, None, Played]
"""Yields after each day, and returns what was played."""

WholePlay: TypeAlias = Callable[[Plant, Trial, Played], Playing]
"""An arm that is no `Control`: it has the plant (a fork of its own) to play `trial.days`, and may know what
the habit did there. It must treat each home by itself, since processes share the homes."""


_TOLD_BY_TRUTH = [each.name for each in fields(Counts) if each.name != "changes"]


@dataclass(slots=True)
class _Counter:
    """Counts days: the truth at midnight less that of the midnight before."""

    before: Truth
    meter: Meter | None = None
    bills: list[Floats] = field(default_factory=list[Floats])
    days: list[tuple[Floats, ...]] = field(default_factory=list[tuple[Floats, ...]])
    claims: list[Claims] = field(default_factory=list[Claims])
    in_force_c: Floats | None = None
    changes: Floats | float = 0.0

    def look(self, setpoint_c: Floats) -> None:
        """What is in force after a step [°C]; NaN while off."""
        setpoint_c = np.nan_to_num(setpoint_c)
        before_c = setpoint_c if self.in_force_c is None else self.in_force_c
        self.changes = self.changes + (setpoint_c != before_c).astype(np.float64)
        self.in_force_c = setpoint_c

    def end_day(self, truth: Truth) -> None:
        """A day is over."""
        counted = (getattr(truth, name) - getattr(self.before, name) for name in _TOLD_BY_TRUTH)
        self.days.append((*counted, np.asarray(self.changes)))
        self.before, self.changes = truth, 0.0
        if self.meter is not None:
            self.bills.append(self.meter.take())

    def played(self) -> Played:
        """All days."""
        days = Counts(*(np.array(column) for column in zip(*self.days, strict=True)))
        told = zip(*self.claims, strict=True)
        claims = Claims(*(np.array(column) for column in told)) if self.claims else None
        return Played(days, claims, np.array(self.bills) if self.bills else None)


def play(plant: Plant, control: Control | None, days: int, meter: Meter | None = None) -> Playing:
    """Let a plant live for some days, under a control or at its habit; a new meter, if any, bills it."""
    steps_per_day = DAY_S // plant.spec.step_s
    plant.reset_truth()
    counter = _Counter(plant.truth(), meter)
    for step in range(days * steps_per_day):
        if control is not None:
            _command(plant, control, due=step * plant.spec.step_s % DECISION_S == 0)
            if step % steps_per_day == 0 and isinstance(control, Claiming):
                counter.claims.append(control.claims())
        readings = plant.step()
        counter.look(readings.setpoint_c)
        if control is not None:
            control.observe(readings)
            _hear(plant, control)
        if meter is not None and (step + 1) * plant.spec.step_s % HOUR_S == 0:
            meter.read(plant.now, plant.truth().cooling_kwh)
        if (step + 1) % steps_per_day == 0:
            counter.end_day(plant.truth())
            yield
    return counter.played()


def learn(
    plant: Plant, listeners: Sequence[Callable[[StepReadings], None]], days: int
) -> Generator[None, None, None]:
    """Days at the habit, from which all listeners learn."""
    steps_per_day = DAY_S // plant.spec.step_s
    for step in range(days * steps_per_day):
        readings = plant.step()
        for hear in listeners:
            hear(readings)
        if (step + 1) % steps_per_day == 0:
            yield


def _command(plant: Plant, control: Control, *, due: bool) -> None:
    for device_id, desired in control.decide(plant.now) if due else control.react(plant.now):
        plant.command(device_id, desired)


def _hear(plant: Plant, control: Control) -> None:
    """What people say in the app; what they take back there is held by the device in every arm."""
    control.hear(plant.take_taps(), plant.now)
    undos = plant.take_undos()
    control.hear_undone(undos, plant.now)
    for device_id in undos:
        plant.command(device_id, plant.way_back(device_id))
