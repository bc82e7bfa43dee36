"""`python -m infra.local.savings_study`: whether savings can be believed, in a world in which they are known.

Homes of the split `test` are assigned again and again, by the product's own lots; each time the product's own
estimator tells what was saved, of each home, of a cohort and of all. What is true is what the same homes use
when they are never advised, less that when they always are, on the same days.
"""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final

import click
import numpy as np
import numpy.typing as npt

from cloud.assignment import Assignment, Design
from cloud.ports.saving_records import LOOK_DAYS
from cloud.savings.estimates import Estimate, group_estimate, home_estimates
from cloud.savings.hierarchy import learn
from cloud.savings.home_days import Floats, HomeDays, compare
from cloud.savings.neighbours import beside_neighbours
from cloud.savings.rules import LAGS, claim_alpha
from device_sim.noise import Split
from infra.local.savings_rivals import before_and_after, daily_peeks
from infra.local.savings_world import (
    HERE,
    RUN_IN_DAYS,
    Bools,
    Histories,
    Place,
    World,
    drawn,
    home_days,
    weather_of,
)

SWITCHBACK: Final = 7
"""Pairs of 14 days: half of the days are at the habit."""

LOOKS: Final = 3
"""Of the peeking user."""

QUARTERS: Final = ("quietest_quarter", "second_quarter", "third_quarter", "wildest_quarter")
"""Of homes, by the noise of their days over their use."""

LEVELS: Final = ("home", "cohort", "fleet")

Figures = dict[str, object]


@dataclass(slots=True)
class Tally:
    """What intervals of one kind were like.

    Attributes:
        held: Of each assignment, the share of intervals that held the truth.
        errors: Estimates less what is true, over the use at the habit [ratio], all in a row.
        halves: Half-widths likewise.
    """

    held: list[float] = field(default_factory=list[float])
    errors: list[float] = field(default_factory=list[float])
    halves: list[float] = field(default_factory=list[float])

    def add(self, said: list[Estimate], true: Floats, habit: Floats) -> None:
        """Count the intervals of one assignment."""
        low, high = np.array([each.interval for each in said]).T
        self.held.append(float(((low <= true) & (true <= high)).mean()))
        self.errors += ((np.array([each.saved for each in said]) - true) / habit).tolist()
        self.halves += ((high - low) / 2 / habit).tolist()

    @classmethod
    def joined(cls, parts: "Sequence[Tally]") -> "Tally":
        """Of all assignments of some fleets."""
        names = [each.name for each in fields(cls)]
        return cls(*([value for part in parts for value in getattr(part, name)] for name in names))

    def figures(self) -> Figures:
        """Coverage with its 95 % interval over assignments, bias, error and half-width [%].

        Of homes, these are means of percentages: each home's over its own use, all homes alike.
        """
        held, runs = float(np.mean(self.held)), len(self.held)
        spread = np.std(self.held) if set(self.held) - {0.0, 1.0} else math.sqrt(held * (1 - held))
        return {
            "assignments": runs,
            "covered_pct": round(100 * held, 2),
            "covered_interval_pct": [
                round(100 * (held + side * 1.96 * spread / math.sqrt(runs)), 2) for side in (-1, 1)
            ],
            "bias_points": round(100 * float(np.mean(self.errors)), 3),
            "rms_error_points": round(100 * float(np.sqrt(np.mean(np.square(self.errors)))), 2),
            "half_width_points": round(100 * float(np.mean(self.halves)), 2),
        }


@dataclass(frozen=True, slots=True)
class Covered:
    """What intervals were like in one fleet.

    Attributes:
        levels: Of homes, the cohort of inverters and the fleet.
        raw: Errors of homes' plain differences, over their use at the habit, (assignments, homes) [ratio].
        figures: What else is told of the fleet.
    """

    levels: dict[str, Tally]
    raw: Floats
    figures: Figures


def coverage(places: Sequence[Place], assignments: int, tell: Callable[[str], None]) -> Figures:
    """The same homes, assigned again and again, in one fleet after the other.

    What an estimator is off by in one fleet, whose homes and days are few, it need not be in the next: so
    the bias of each fleet stands beside that of all.
    """
    fleets = [_covered(place, assignments, tell) for place in places]
    figures: Figures = {}
    for level in LEVELS:
        tallies = [each.levels[level] for each in fleets]
        figures[level] = Tally.joined(tallies).figures() | {
            "bias_by_fleet_points": [each.figures()["bias_points"] for each in tallies]
        }
    raw = np.concatenate([each.raw.ravel() for each in fleets])
    figures["raw_home_rms_error_points"] = round(100 * float(np.sqrt((raw**2).mean())), 2)
    figures["fleets"] = [each.figures for each in fleets]
    return figures


def _covered(place: Place, assignments: int, tell: Callable[[str], None]) -> Covered:
    world = World(place)
    histories = Histories.of(world, tell)
    true, habit = _means(histories.saved, histories), _means(histories.habit, histories)
    cohort = np.flatnonzero([site.inverter is True for site in world.sites])
    levels, raw = {level: Tally() for level in LEVELS}, list[Floats]()
    for run in range(assignments):
        arms = drawn(_assignment(f"study-{run}"), place)
        used = histories.as_drawn(arms[0])
        told = compare(home_days(used, arms, histories))
        every = learn(told)
        levels["home"].add(home_estimates(told, every), true, habit)
        for level, members in (("cohort", cohort), ("fleet", np.arange(place.homes))):
            said = group_estimate(told, every, members.tolist())
            share = true[members].sum() / habit[members].sum()
            levels[level].add([said.ratio], np.array([share]), np.ones(1))
        raw.append((_raw(used, arms[0], histories) - true) / habit)
        if run % 50 == 0:
            tell(f"fleet {place.seed}, assignment {run}")
    errors = np.array(raw)
    figures: Figures = {"seed": place.seed, "cohort_homes": len(cohort)}
    figures["raw_fleet_bias_points"] = round(100 * float((errors * habit).sum(1).mean() / habit.sum()), 2)
    figures["true_pct"] = round(100 * float(true.sum() / habit.sum()), 2)
    figures["true_spread_points"] = round(100 * float((true / habit).std()), 2)
    figures["before_and_after"] = _before_and_after(world, histories, true, habit)
    figures["world_against_direct_play"] = _unlike(world, histories)
    return Covered(levels, errors, figures)


def nothing(place: Place, assignments: int, tell: Callable[[str], None]) -> Figures:
    """Advice that does nothing: how often a saving is claimed, at once, by who waits for it, by who peeks."""
    world = World(place)
    used = world.play(np.zeros((world.arm_days, place.homes), np.bool_))[RUN_IN_DAYS:]
    once, harm, patient, peeking, by_home = 0, 0, 0, 0, list[float]()
    for run in range(assignments):
        arms, blocks = drawn(_assignment(f"nothing-{run}"), place)
        claims = list[bool]()
        for look in range(1, LOOKS + 1):
            days = LOOK_DAYS * look
            told = compare(_until(days, used, arms, blocks, weather_of(world)))
            every = learn(told)
            said = group_estimate(told, every).saved
            claims.append(said.is_claimed(claim_alpha(look)))
            if look == 1:
                once += said.interval[0] > 0
                harm += said.interval[1] < 0
                by_home.append(float(np.mean([each.interval[0] > 0 for each in home_estimates(told, every)])))
        patient += any(claims)
        peeking += daily_peeks(used, arms[RUN_IN_DAYS:].astype(np.float64))
        if run % 50 == 0:
            tell(f"nothing {run}")
    return {
        "assignments": assignments,
        "fleet_saving_claimed": _share(once, assignments),
        "fleet_harm_claimed": _share(harm, assignments),
        "fleet_either_claimed": _share(once + harm, assignments),
        "home_saving_claimed_pct": round(100 * float(np.mean(by_home)), 2),
        "waiting_user_fooled": _share(patient, assignments),
        "peeking_user_of_plain_difference_fooled": _share(peeking, assignments),
        "days": place.days,
    }


def large(place: Place, tell: Callable[[str], None]) -> Figures:
    """Many homes, assigned once and played as assigned: no table of histories stands between."""
    world = World(place)
    nobody = np.zeros((world.arm_days, place.homes), np.bool_)
    at_habit = world.play(nobody)[RUN_IN_DAYS:]
    tell("at the habit")
    saved = at_habit - world.play(~nobody)[RUN_IN_DAYS:]
    tell("advised")
    arms = drawn(_assignment("large"), place)
    used = world.play(arms[0])[RUN_IN_DAYS:]
    told = compare(_until(place.days, used, *arms, weather_of(world)))
    every, true, habit = learn(told), saved.mean(axis=0), at_habit.mean(axis=0)
    homes = home_estimates(told, every)
    ends = np.array([each.interval for each in homes])
    held = (ends[:, 0] <= true) & (true <= ends[:, 1])
    errors = (np.array([each.saved for each in homes]) - true) / habit
    plain = _plain(used, arms[0][RUN_IN_DAYS:]) - true
    figures: Figures = {"homes": place.homes, "home_covered": _share(int(held.sum()), place.homes)}
    figures["home_bias_points"] = round(100 * float(errors.mean()), 3)
    for name, some in zip(QUARTERS, np.array_split(np.argsort(every.noise), len(QUARTERS)), strict=True):
        figures[name] = {
            "covered": _share(int(held[some].sum()), len(some)),
            "bias_points": round(100 * float(errors[some].mean()), 3),
        }
    figures["home_rms_error_points"] = round(100 * float(np.sqrt((errors**2).mean())), 2)
    figures["raw_home_rms_error_points"] = round(100 * float(np.sqrt(((plain / habit) ** 2).mean())), 2)
    for name, members in (("fleet", np.arange(place.homes)), ("500_homes", np.arange(min(500, place.homes)))):
        said = group_estimate(told, every, members.tolist()).ratio
        low, high = said.interval
        figures[name] = {
            "true_pct": round(100 * float(true[members].sum() / habit[members].sum()), 2),
            "told_pct": round(100 * said.saved, 2),
            "interval_pct": [round(100 * low, 2), round(100 * high, 2)],
            "half_width_points": round(50 * (high - low), 2),
        }
    return figures


def _assignment(seed: str) -> Assignment:
    return Assignment((Design(seed, SWITCHBACK),))


def _means(values: Floats, histories: Histories) -> Floats:
    """Of the days that count, (homes,)."""
    return np.asarray(np.where(histories.counts, values, 0.0).sum(axis=0) / histories.counts.sum(axis=0))


def _raw(used: Floats, arms: Bools, histories: Histories) -> Floats:
    return _plain(np.where(histories.counts, used, np.nan), arms[RUN_IN_DAYS:])


def _plain(used: Floats, advised: Bools) -> Floats:
    """The plain difference in means of each home."""
    at_habit, on = np.where(advised, np.nan, used), np.where(advised, used, np.nan)
    return np.asarray(np.nanmean(at_habit, axis=0) - np.nanmean(on, axis=0))


def _until(
    days: int, used: Floats, arms: Bools, blocks: npt.NDArray[np.int64], weather: Floats
) -> list[HomeDays]:
    rows = np.vstack([np.full((LAGS, used.shape[1]), np.nan), used[:days]])
    lived = slice(RUN_IN_DAYS - LAGS, RUN_IN_DAYS + days)
    advised, block = arms[lived].astype(np.float64), blocks[lived]
    air_c = weather[: LAGS + days]
    return beside_neighbours(
        [
            HomeDays(f"home-{home}", rows[:, home], advised[:, home], block[:, home], air_c, HERE)
            for home in range(used.shape[1])
        ]
    )


def _before_and_after(world: World, histories: Histories, true: Floats, habit: Floats) -> Figures:
    before, first = world.place.before, world.place.before + RUN_IN_DAYS
    after = np.where(histories.counts, histories.habit - histories.saved, np.nan)
    told = before_and_after(world.before_kwh, world.outdoor_c[:before], after, world.outdoor_c[first:])
    held = int((np.abs(told.saved - true) <= told.half).sum())
    errors = (told.saved - true) / habit
    return {
        "home_covered": _share(held, len(true)),
        "home_rms_error_points": round(100 * float(np.sqrt((errors**2).mean())), 2),
        "fleet_bias_points": round(100 * float((told.saved - true).sum() / habit.sum()), 2),
        "home_half_width_points": round(100 * float((told.half / habit).mean()), 2),
    }


def _unlike(world: World, histories: Histories) -> Figures:
    """An assignment as it is played, against what the table of histories says of it."""
    arms = drawn(_assignment("direct"), world.place)[0]
    played, looked_up = world.play(arms)[RUN_IN_DAYS:], histories.as_drawn(arms)
    apart = (looked_up - played) / histories.habit.mean(axis=0)
    return {
        "mean_points": round(100 * float(apart.mean()), 3),
        "rms_of_home_days_points": round(100 * float(np.sqrt((apart**2).mean())), 2),
    }


def _share(count: int, of: int) -> Figures:
    """With its 95 % interval (Wilson 1927)."""
    share, z2 = count / of, 1.96**2
    middle, root = share + z2 / (2 * of), math.sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    ends = [100 * (middle + side * 1.96 * root) / (1 + z2 / of) for side in (-1, 1)]
    return {"pct": round(100 * share, 2), "interval_pct": [round(each, 2) for each in ends], "of": of}


@click.command()
@click.option("--part", "parts", multiple=True, default=("coverage", "nothing", "large"), show_default=True)
@click.option("--homes", default=100, show_default=True, type=click.IntRange(10))
@click.option("--fleets", default=4, show_default=True, type=click.IntRange(1), help="Of the coverage.")
@click.option("--assignments", default=400, show_default=True, type=click.IntRange(2))
@click.option("--large-homes", default=1000, show_default=True, type=click.IntRange(10))
@click.option("--climate", default="hot_dry", show_default=True)
@click.option("--split", default="test", show_default=True)
@click.option("--seed", default=1109, show_default=True)
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write all figures to this file.")
def main(**given: Any) -> None:  # noqa: ANN401 (click's)
    """Print how far intervals hold what is true, and what else would have been told."""
    options = Options(**given)
    figures: Figures = {}
    if options.json_path is not None and options.json_path.exists():
        figures = json.loads(options.json_path.read_text())
    for part in options.parts:
        figures[part] = options.run(part) | {"seed": options.seed, "split": options.split}
        click.echo(json.dumps({part: figures[part]}, indent=1))
        if options.json_path is not None:
            options.json_path.write_text(json.dumps(figures, indent=1) + "\n")


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for on the command line."""

    parts: tuple[str, ...]
    homes: int
    fleets: int
    assignments: int
    large_homes: int
    climate: str
    split: Split
    seed: int
    json_path: Path | None

    def run(self, part: str) -> Figures:
        """One part of the study."""
        if part == "coverage":
            first = self._place(self.homes, 28, 28)
            places = [replace(first, seed=self.seed + fleet) for fleet in range(self.fleets)]
            return coverage(places, self.assignments, _tell)
        if part == "nothing":
            return nothing(self._place(self.homes, 7, LOOKS * LOOK_DAYS), self.assignments, _tell)
        return large(self._place(self.large_homes, 7, 28), _tell)

    def _place(self, homes: int, before: int, days: int) -> Place:
        return Place(homes, self.seed, self.split, before, days, self.climate)


def _tell(progress: str) -> None:
    click.echo(progress, err=True)


if __name__ == "__main__":
    main()
