"""The command `ac-advisor sim`: from its options to a lake, or to the table of facts."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from device_sim.facts.check import WATCH_DAYS, check
from device_sim.facts.people import AWAY_AT_NOON, away_in
from device_sim.faults.plan import FaultPlan, read_plan
from device_sim.fleet import FleetSpec
from device_sim.machine import calibration
from infra.local.facts_table import as_documents, print_facts
from infra.local.sim import simulate
from infra.local.sim_plan import SimPlan


def make_lake(options: Mapping[str, Any]) -> dict[str, Any]:
    """Simulate into a lake, and show how far it is; returns what was made.

    Raises:
        SimulatorError: There is no such fleet or climate.
        SimulationError: The directory or the weather file is not what it should be, or a process failed.
    """
    with progress_shown() as progress:
        return asdict(simulate(plan_of(options), progress))


@contextmanager
def progress_shown() -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr for who tells how many of how many parts are done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    bar = Progress(*columns, console=Console(stderr=True))
    try:
        yield partial(_show, bar)
    finally:
        if bar.task_ids:
            bar.stop()


def _show(bar: Progress, done: int, total: int) -> None:
    """The bar begins with the first part that is done: what is wrong before is said without one."""
    if not bar.task_ids:
        bar.add_task("Simulating, chunks x days", total=total)
        bar.start()
    bar.update(bar.task_ids[0], completed=done)


def plan_of(options: Mapping[str, Any]) -> SimPlan:
    """The plan that the options of the command ask for."""
    fleet = FleetSpec(
        homes=options["homes"],
        seed=options["seed"],
        start=options["start"].replace(tzinfo=UTC),
        step_s=options["step_s"],
        climate=options["climate"],
        split=options["split"],
        heat_waves_per_summer=options["heat_waves"],
        occupancy_dir=options["occupancy"],
        plan=FaultPlan() if options["faults"] is None else read_plan(options["faults"]),
    )
    names = ("out", "policy", "processes", "weather_file", "timezone")
    return SimPlan(fleet=fleet, days=options["days"] or 1, **{name: options[name] for name in names})


def check_facts(options: Mapping[str, Any], *, as_json: bool) -> bool:
    """Measure all facts and print them; returns whether all are inside their ranges.

    Raises:
        UnsuitableOccupancyError: The measured schedules cannot be read.
    """
    folder = options["occupancy"]
    away = AWAY_AT_NOON if folder is None else away_in(folder)
    shown = Console(stderr=True)
    with shown.status("Homes live in three climates ..."):
        facts = list(check(options["homes"], options["seed"], away, watch_days=options["days"] or WATCH_DAYS))
    if as_json:
        click.echo(json.dumps(as_documents(facts), indent=1))
    else:
        print_facts(Console(soft_wrap=False), facts)
    return all(fact.inside for fact in facts)


def show_calibration(directory: Path, picture: Path | None, *, as_json: bool) -> None:
    """Hold the machines' curves against measured power, and print how far they are from it.

    Raises:
        MeasurementsError: The measured data cannot be read.
    """
    measured = calibration.calibrate(calibration.read(directory))
    if picture is not None:
        picture.parent.mkdir(parents=True, exist_ok=True)
        calibration.plot(measured, picture)
    click.echo(
        json.dumps(calibration.summary(measured), indent=1) if as_json else calibration.describe(measured)
    )
