"""How well the loop keeps models good: `python -m infra.local.loop_study`.

Fleets of the split `validate` live at their habit; in each something is planted, and a sound one runs beside
them. Every day the triggers look, and what they decide is done, as it would be in service: by the same
functions, at the same gate. It prints after how many days the change was found, and the error of the models
beside that of models that are never updated, against what was drawn in truth: in the homes concerned, which
may report something else, and in the others. Then the homes are advised through the same change, and what is
saved is compared with their habit (`infra.local.loop_saving`).

One climate and change is one part, of less than half an hour. With `--json` each is kept in that file as it
is done and joined with the others: whoever was stopped goes on by the same command.
"""

import logging
import time
from dataclasses import asdict
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Final

import click
import numpy as np
import pandas as pd
import structlog
from pydantic import TypeAdapter

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
from infra.local.code_version import source_digest
from infra.local.loop_fleets import CHANGES, Change, Changed, Plan, play
from infra.local.loop_saving import saving_of
from infra.local.loop_table import WHOSE, Course, Round, show
from infra.local.study_parts import Parts
from infra.local.training_data import QUICK_WINDOW_DAYS, WINDOW_DAYS
from infra.local.training_desk import signals_of

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


PARTS: Final[dict[str, tuple[str, Change]]] = {
    f"{climate}/{change}": (climate, change) for climate in CLIMATES for change in CHANGES
}
"""Climate and change of each part, by name."""

COURSE: Final = TypeAdapter(Course)

SOURCES: Final = ("cloud", "edge", "device_sim", "infra.local")
"""What the figures depend on."""


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


@click.command()
@click.option("--homes", default=40, show_default=True, type=click.IntRange(10, 500))
@click.option("--climates", default=",".join(CLIMATES), show_default=True)
@click.option("--changes", default=",".join(CHANGES), show_default=True)
@click.option("--seed", default=SEED, show_default=True)
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Keep the parts in this file.")
def main(homes: int, climates: str, changes: str, seed: int, json_path: Path | None) -> None:
    """Plant changes, and print what the loop makes of them."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    asked = _asked(climates.split(","), changes.split(","))
    parts = Parts(json_path, {"homes": homes, "seed": seed, "source_sha256": source_digest(SOURCES)})
    found = {name: COURSE.validate_python(each) for name, each in parts.done().items() if name in asked}
    for name, (climate, change) in asked.items():
        if name in found:
            click.echo(f"{name}: is kept", err=True)
            continue
        course = found[name] = study(climate, change, homes, seed + CLIMATES.index(climate))
        parts.keep(name, asdict(course) | {"delay_days": course.delay_days}, PARTS)
        click.echo(f"{name}: {course.alarms[:6]}", err=True)
    show([found[name] for name in asked])


def _asked(climates: list[str], changes: list[str]) -> dict[str, tuple[str, Change]]:
    """Climate and change of the parts that are asked for, by name."""
    if not {*climates} <= {*CLIMATES} or not {*changes} <= {*CHANGES}:
        raise click.BadParameter(f"there are {', '.join(CLIMATES)} and {', '.join(CHANGES)}")
    return {
        name: (climate, change)
        for name, (climate, change) in PARTS.items()
        if climate in climates and change in changes
    }


if __name__ == "__main__":
    main()
