"""What the loop makes of a planted change, and the table of it."""

from dataclasses import dataclass, field
from typing import Final

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from infra.local.loop_saving import Saved
from infra.local.whole_table import print_whole

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


def show(courses: list[Course]) -> None:
    """Print the table of courses, and what they took."""
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
        "saved: week before; weeks after",
        "lost; regained nightly, by the loop",
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
            _saved(course.saved),
            _regained(course.saved),
            f"{len(course.rounds)}, {sum(each.promoted for each in course.rounds)}",
        )
    print_whole(Console(), table)
    seconds = {
        update: [each.seconds for course in courses for each in course.rounds if each.update == update]
        for update in ("fine_tune", "hot_fix")
    }
    for update, spent in seconds.items():
        click.echo(f"{update}: {len(spent)} jobs, median {np.median(spent) if spent else np.nan:.1f} s")


def _saved(saved: Saved | None) -> str:
    if saved is None:
        return "-"
    arms = {
        "unchanged": saved.unchanged,
        "unlearning": saved.unlearning,
        "nightly": saved.nightly,
        "loop": saved.loop,
    }
    weeks = (f"{name} " + " ".join(f"{100 * ratio:.1f}" for ratio in arm.weeks) for name, arm in arms.items())
    return "; ".join([f"{100 * saved.before:.1f} %", *weeks])


def _regained(saved: Saved | None) -> str:
    """In points of the electricity of these homes at their habit, over all weeks."""
    if saved is None:
        return "-"
    points = (saved.lost, saved.regained_nightly, saved.regained_by_loop)
    return "; ".join(f"{100 * ratio:+.2f}" for ratio in points)
