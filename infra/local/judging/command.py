"""The command `ac-advisor evaluate`: from its options to tables, JSON and plots."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from cloud.champion import Champion
from infra.local.judging.blocks import play_trial
from infra.local.judging.evaluate import Evaluation, judge, pool
from infra.local.judging.plots import draw
from infra.local.judging.table import print_evaluation
from infra.local.judging.trial import PROTOCOL_ARMS, PROTOCOL_CLIMATES, PROTOCOL_HOMES, Trial


def run(options: Mapping[str, Any]) -> None:
    """Play what the options ask for, print it, and write the files.

    Raises:
        LocalError: An arm, a family or a controller is not there, or a process failed.
        SimulatorError: There is no such climate.
    """
    sys.path.insert(0, str(Path.cwd()))  # where other people's controllers are
    os.environ["OMP_NUM_THREADS"] = "1"  # noqa: TID251 (spawned processes inherit it: two of them, two cores)
    trials, champion = trials_of(options), Champion.from_package()
    evaluations, played = [], []
    for trial in trials:
        with _bar() as bar:
            shown = partial(_show, bar, bar.add_task(f"{trial.climate}, days of all arms", total=None))
            played.append(play_trial(trial, champion, options["processes"], shown))
        evaluations.append(judge(trial, champion.version, played[-1]))
    if len(trials) > 1:
        evaluations.append(pool(trials, champion.version, played))
    for evaluation in evaluations:
        print_evaluation(Console(soft_wrap=True), evaluation)
    _write(evaluations, options)


def trials_of(options: Mapping[str, Any]) -> list[Trial]:
    """One trial, or one for each climate of the protocol with the seeds that follow."""
    known = {each.name for each in fields(Trial)}
    chosen = {name: value for name, value in options.items() if name in known and value is not None}
    if not options["protocol"]:
        return [Trial(**chosen)]
    fixed: dict[str, Any] = {"homes": PROTOCOL_HOMES, "arms": PROTOCOL_ARMS, "seed": 1} | chosen
    climates = (fixed.pop("climate"),) if "climate" in fixed else PROTOCOL_CLIMATES
    first = fixed.pop("seed")
    return [Trial(**fixed, climate=name, seed=first + place) for place, name in enumerate(climates)]


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))


def _show(bar: Progress, task: TaskID, done: int, total: int) -> None:
    bar.update(task, completed=done, total=total)


def _write(evaluations: list[Evaluation], options: Mapping[str, Any]) -> None:
    """JSON of the last, which holds all homes, with the others beside it; plots of the last."""
    *parts, whole = evaluations
    if options["json_path"] is not None:
        document = whole.to_json() | ({"parts": [each.to_json() for each in parts]} if parts else {})
        path: Path = options["json_path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document, indent=1) + "\n")
    if options["plots"] is not None:
        draw(whole, options["plots"])
