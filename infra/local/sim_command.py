"""The command `ac-advisor sim`: from its options to a lake, or to the table of facts."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC
from functools import partial
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from device_sim.facts.check import check
from device_sim.facts.people import AWAY_AT_NOON
from device_sim.fleet import FleetSpec
from infra.local.facts_table import as_documents, measured_absence, print_facts
from infra.local.sim import simulate
from infra.local.sim_plan import SimPlan


def make_lake(options: Mapping[str, Any]) -> dict[str, Any]:
    """Simulate into a lake, and show how far it is; returns what was made.

    Raises:
        SimulatorError: There is no such fleet or climate.
        SimulationError: The directory or the weather file is not what it should be, or a process failed.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        return asdict(simulate(plan_of(options), partial(_show, bar)))


def _show(bar: Progress, done: int, total: int) -> None:
    if not bar.task_ids:
        bar.add_task("Simulating, chunks x days", total=total)
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
    )
    names = ("out", "days", "policy", "processes", "weather_file", "timezone")
    return SimPlan(fleet=fleet, **{name: options[name] for name in names})


def check_facts(options: Mapping[str, Any], *, as_json: bool) -> bool:
    """Measure all facts and print them; returns whether all are inside their ranges.

    Raises:
        OccupancyError: The measured schedules cannot be read.
    """
    folder = options["occupancy"]
    away = AWAY_AT_NOON if folder is None else measured_absence(folder)
    shown = Console(stderr=True)
    with shown.status("Homes live in three climates ..."):
        facts = list(check(options["homes"], options["seed"], away))
    if as_json:
        click.echo(json.dumps(as_documents(facts), indent=1))
    else:
        print_facts(Console(soft_wrap=False), facts)
    return all(fact.inside for fact in facts)
