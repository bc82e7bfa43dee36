"""How well the loop keeps models good: `python -m infra.local.loop_study`.

Fleets of the split `validate` live at their habit; in each something is planted, and a sound one runs beside
them. Every day the triggers look, and what they decide is done, as it would be in service: by the same
functions, at the same gate. It prints after how many days the change was found, and the error of the models
beside that of models that are never updated, against what was drawn in truth: in the homes concerned, which
may report something else, and in the others. Then the homes are advised through the same change, and what is
saved is compared with their habit (`infra.local.loop_saving`).
"""

import json
import logging
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Final

import click
import numpy as np
import pandas as pd
import structlog
from rich.console import Console
from rich.table import Table

from cloud.champion import Champion, package_reservoir
from cloud.drift.cohorts import cohorts_of, region_of
from cloud.drift.signals import LOOK_DAYS, Fleet
from cloud.energy import usable_energy_hours
from cloud.faulty_days import without
from cloud.feature_catalogue import ENERGY_FEATURES
from cloud.finetuning import Known, fine_tune
from cloud.finetuning import Round as Tuned
from cloud.training import TrainingParams
from cloud.training_schedule import Learnt
from cloud.trees import MAX_TREES, matrix
from cloud.triggers import RULES, Decision, Memory, Signal, after_job, decide, is_alarm
from infra.local.loop_fleets import CHANGES, Change, Changed, Plan, play
from infra.local.loop_saving import Saved, saving_of
from infra.local.training_data import QUICK_WINDOW_DAYS, WINDOW_DAYS
from infra.local.training_desk import signals_of
from infra.local.whole_table import print_whole

CLIMATES: Final = ("hot_dry", "mild_summer")
SEED: Final = 311

FIRST_DAY: Final = LOOK_DAYS + 1
"""The first look; the champion has learnt of the fleet until then [days]."""

SOUND_DAYS: Final = 60
"""How long false alarms are counted [days]."""

CHANGE_AFTER: Final = 14
"""Days of looks before the change [days]."""

FOLLOWED_DAYS: Final = 28
"""How long what follows is watched [days]."""


WHOSE: Final = ("concerned", "others")


@dataclass(slots=True)
class Round:
    """One job: on which day of looks, why, what it cost, what the gate said, and whether it serves."""

    day: int
    trigger: str
    update: str
    reason: str
    seconds: float
    trees: int
    outcome: str
    promoted: bool
    refitted: bool


@dataclass(slots=True)
class Course:
    """What happened to one fleet.

    Attributes:
        climate: Of the weather.
        change: What was planted.
        homes: In the fleet.
        affected: Homes concerned.
        alarms: Days on which a drift trigger fired, counted from the change, and which.
        rounds: All jobs.
        error_before: Daily error in the week before the change, by whose homes [ratio].
        error_frozen: The same in each week after it, of models that are never updated.
        error_kept: Of those that served.
        saved: By advice, in the homes concerned; None where nothing changed.
    """

    climate: str
    change: str
    homes: int
    affected: int
    alarms: list[tuple[int, str]] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)
    error_before: dict[str, float] = field(default_factory=dict)
    error_frozen: dict[str, list[float]] = field(default_factory=dict)
    error_kept: dict[str, list[float]] = field(default_factory=dict)
    saved: Saved | None = None

    @property
    def delay_days(self) -> int | None:
        """Days from the change to the first alarm after it."""
        return next((day for day, _ in self.alarms if day > 0), None)


class _Service:
    """One fleet's models, from day to day."""

    def __init__(self, fleet: Changed, change_day: int) -> None:
        self.fleet, self.change_day = fleet, change_day
        self.installations = {site.device_id: site for site in fleet.sites}
        self.regions = {name: region_of(site) for name, site in self.installations.items()}
        self.memory = Memory()
        self.learnt_until: pd.Timestamp | None = None
        made = self._tune(Champion.from_package(), FIRST_DAY - 1, "first", quick=False)
        self.frozen = self.champion = made.challenger
        self.learnt_until = self._at(FIRST_DAY - 1)
        self.learnt = Learnt(data_end=self.learnt_until, hours=made.rows)

    def day(self, day: int) -> tuple[Decision, Round | None]:
        """Look, and do what follows."""
        hours = self._hours(day, LOOK_DAYS)
        cohorts = cohorts_of(self.installations)
        seen = Fleet(hours, cohorts, self.regions, self.champion, self.memory.drift_job)
        signals = signals_of(seen, self._faulty(day), self.learnt)
        room = MAX_TREES - self.champion.energy.trees.count
        decision = decide(signals, self.memory, self._at(day), room=room)
        self.memory = decision.memory
        return decision, None if decision.update is None else self._do(decision, day)

    def energy(self, day: int) -> pd.DataFrame:
        """Of each home on the day that follows: what it drew, and by both kinds of models [kWh]."""
        hours = usable_energy_hours(self._hours(day + 1, 1))
        rows = matrix(hours, ENERGY_FEATURES)
        frame = pd.DataFrame(
            {
                "drawn": self.fleet.true_kwh.loc[hours.index].to_numpy(np.float64),
                "frozen": self.frozen.energy.predict(rows),
                "kept": self.champion.energy.predict(rows),
            }
        )
        days = frame.groupby(hours["device_id"].to_numpy()).sum()
        return days.assign(whose=np.where(days.index.isin(self.fleet.affected), *WHOSE))

    def _do(self, decision: Decision, day: int) -> Round:
        began, update = time.perf_counter(), str(decision.update)
        made = self._tune(self.champion, day, f"day-{day}", quick=update == "hot_fix")
        seconds = time.perf_counter() - began
        if made.verdict.promote:
            self.champion, self.learnt_until = made.challenger, self._at(day)
        self.memory = after_job(decision, self._at(day))
        self.learnt = Learnt(data_end=self._at(day), hours=made.rows)
        trees = made.challenger.energy.trees.count
        return Round(
            day - self.change_day,
            decision.trigger,
            update,
            decision.reason,
            seconds,
            trees,
            made.verdict.reason,
            made.verdict.promote,
            made.refitted,
        )

    def _tune(self, champion: Champion, day: int, version: str, *, quick: bool) -> Tuned:
        days = QUICK_WINDOW_DAYS if quick else WINDOW_DAYS
        hours, left_out = without(self._hours(day, days), self._faulty(day))
        ticks = count()  # each prediction takes as long as any other: the machine is not what is studied
        known = Known(clock=lambda: float(next(ticks)), left_out=left_out, learnt_until=self.learnt_until)
        return fine_tune(
            champion, hours, package_reservoir(), TrainingParams(), version, quick=quick, known=known
        )

    def _faulty(self, day: int) -> pd.DataFrame:
        """Of days that were over by then: more is not known yet."""
        return self.fleet.faulty[self.fleet.faulty["day"] + timedelta(days=1) <= self._at(day)]

    def _hours(self, day: int, days: int) -> pd.DataFrame:
        at, end = self.fleet.hours["hour_end_at"], self._at(day)
        return self.fleet.hours[(at > end - timedelta(days=days)) & (at <= end)]

    def _at(self, day: int) -> pd.Timestamp:
        return pd.Timestamp(self.fleet.began) + pd.Timedelta(days=day)


def study(climate: str, change: Change, homes: int, seed: int) -> Course:
    """What the loop makes of one change in one fleet."""
    change_day = FIRST_DAY + (SOUND_DAYS if change == "nothing" else CHANGE_AFTER)
    last = change_day if change == "nothing" else change_day + FOLLOWED_DAYS
    plan = Plan(homes, seed, climate, "validate", last + 1, change_day)
    fleet = play(change, plan)
    service, course = _Service(fleet, change_day), Course(climate, change, homes, len(fleet.affected))
    errors: dict[int, pd.DataFrame] = {}
    served: dict[int, Champion] = {}
    for day in range(FIRST_DAY, last):
        decision, done = service.day(day)
        since = day - change_day
        course.alarms += [(since, signal.trigger) for signal in decision.fired if _says_changed(signal)]
        course.rounds += [] if done is None else [done]
        errors[since], served[day] = service.energy(day), service.champion
    weeks = [range(7 * week, 7 * week + 7) for week in range(_weeks_after(change))]
    for whose in WHOSE[: 1 if len(fleet.affected) == homes else 2]:
        course.error_before[whose] = _error(errors, range(-7, 0), "kept", whose)
        course.error_frozen[whose] = [_error(errors, week, "frozen", whose) for week in weeks]
        course.error_kept[whose] = [_error(errors, week, "kept", whose) for week in weeks]
    if change != "nothing":
        course.saved = saving_of(fleet, plan, lambda day: served.get(day, service.frozen))
    return course


def _weeks_after(change: Change) -> int:
    return 0 if change == "nothing" else FOLLOWED_DAYS // 7


def _says_changed(signal: Signal) -> bool:
    return RULES[signal.trigger].is_drift or is_alarm(signal)


def _error(energy: dict[int, pd.DataFrame], days: range, models: str, whose: str) -> float:
    """Sum of absolute errors of home-days over what they drew [ratio]."""
    whole = pd.concat([energy[day] for day in days])
    whole = whole[whole["whose"] == whose]
    return float((whole[models] - whole["drawn"]).abs().sum() / whole["drawn"].sum())


def _show(courses: list[Course]) -> None:
    table = Table(
        title="Planted changes: split validate, errors of daily energy in the homes concerned; others"
    )
    for name in (
        "climate",
        "planted",
        "homes concerned",
        "alarms before",
        "found after",
        "by",
        "week before",
        "weeks after, never updated",
        "weeks after, kept",
        "saved: week before; weeks after, never updated; kept",
        "jobs, promoted",
    ):
        table.add_column(name)
    for course in courses:
        found = course.delay_days
        table.add_row(
            course.climate,
            course.change,
            f"{course.affected} of {course.homes}",
            str(sum(day <= 0 for day, _ in course.alarms)),
            "-" if found is None else f"{found} d",
            ", ".join(sorted({name for day, name in course.alarms if day == found})),
            "; ".join(f"{100 * error:.1f} %" for error in course.error_before.values()),
            *(
                "; ".join(" ".join(f"{100 * error:.1f}" for error in weeks) for weeks in errors.values())
                for errors in (course.error_frozen, course.error_kept)
            ),
            _told(course.saved),
            f"{len(course.rounds)}, {sum(each.promoted for each in course.rounds)}",
        )
    print_whole(Console(), table)
    seconds = {
        update: [each.seconds for course in courses for each in course.rounds if each.update == update]
        for update in ("fine_tune", "hot_fix")
    }
    for update, spent in seconds.items():
        click.echo(f"{update}: {len(spent)} jobs, median {np.median(spent) if spent else np.nan:.1f} s")


def _told(saved: Saved | None) -> str:
    if saved is None:
        return "-"
    weeks = (" ".join(f"{100 * ratio:.1f}" for ratio in each) for each in (saved.never_updated, saved.kept))
    return "; ".join([f"{100 * saved.before:.1f} %", *weeks])


@click.command()
@click.option("--homes", default=40, show_default=True, type=click.IntRange(10, 500))
@click.option("--climates", default=",".join(CLIMATES), show_default=True)
@click.option("--changes", default=",".join(CHANGES), show_default=True)
@click.option("--seed", default=SEED, show_default=True)
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write all figures to this file.")
def main(homes: int, climates: str, changes: str, seed: int, json_path: Path | None) -> None:
    """Plant changes, and print what the loop makes of them."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    wanted: dict[str, Change] = {change: change for change in CHANGES}
    courses = list[Course]()
    for course in _courses(homes, climates.split(","), [wanted[name] for name in changes.split(",")], seed):
        courses.append(course)
        click.echo(f"{course.climate}, {course.change}: {course.alarms[:6]}", err=True)
        if json_path is not None:  # what is done is done, whoever stops us
            figures = [asdict(each) | {"delay_days": each.delay_days} for each in courses]
            json_path.write_text(json.dumps(figures, indent=1) + "\n")
    _show(courses)


def _courses(homes: int, climates: list[str], changes: list[Change], seed: int) -> Iterator[Course]:
    for place, climate in enumerate(climates):
        for change in changes:
            yield study(climate, change, homes, seed + place)


if __name__ == "__main__":
    main()
