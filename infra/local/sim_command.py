"""The command `ac-advisor sim`: from its options to a lake, or to the table of facts."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC
from functools import partial
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from device_sim.fleet import FleetSpec
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
    """Not yet."""
    raise NotImplementedError
