"""How often the gate refuses who is as good, and who is worse: `python -m infra.local.gate_study`.

Pairs of models are trained in the same way: `a week later` on the same homes with the window moved on by a
week, as one weekly round follows another; `other homes` on homes that the other one does not know. Fleets are
drawn with replacement from simulated homes of the split `validate`, on days that neither has seen; in every
home of a fleet a lot says whose error there is the champion's, the other's is the challenger's. So the
challenger is as good by construction, and whatever refuses it is wrong to. The same with the challenger's
errors made larger is a worse model, which is to be refused.
"""

import itertools
import json
import zlib
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import click
import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from cloud.champion import package_reservoir
from cloud.energy import usable_energy_hours
from cloud.evaluation import compare_errors, home_errors
from cloud.feature_catalogue import ENERGY_FEATURES, ENERGY_TARGET
from cloud.gate.judge import SURE, judge_errors
from cloud.gate.segments import Traits, segments_of
from cloud.training import TrainingParams, split, train
from cloud.trees import matrix
from infra.local.loop_fleets import Plan, play
from infra.local.whole_table import print_whole

CLIMATES: Final = ("hot_dry", "hot_humid", "mild_summer")
DAYS: Final = 35
LATER: Final = pd.Timedelta(days=7)
WORSE: Final = (0.0, 0.05, 0.10)
"""How much larger the challenger's errors are made [ratio]."""

FLEETS: Final = (30, 100, 300)
SEED: Final = 612

PAIRS: Final = {"a week later": ("earlier", "later"), "other homes": ("one side", "other side")}

UNSEEN: Final = 4
"""One home in so many of a fleet is held out."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Homes to draw from: errors of all models by home (`home_errors`), and the homes of each segment."""

    errors: pd.DataFrame
    segments: dict[str, set[str]]


@dataclass(frozen=True, slots=True)
class Row:
    """Of fleets of one size: how often a check was made, and how often it refused a model so much worse."""

    models: str
    worse: float
    homes: int
    check: str
    asked: int
    refused: int


def pool(homes: int, seed: int) -> Pool:
    """Simulated homes of all climates, so many of each."""
    hours, traits = [], dict[str, Traits]()
    for place, climate in enumerate(CLIMATES):
        fleet = play("nothing", Plan(homes, seed + place, climate, "validate", DAYS, DAYS))
        hours.append(fleet.hours.assign(device_id=f"{climate} " + fleet.hours["device_id"]))
        for site in fleet.sites:
            traits[f"{climate} {site.device_id}"] = Traits("inverter" if site.inverter else "single speed")
    parts = split(pd.concat(hours, ignore_index=True))
    models = {name: train(rows, TrainingParams(), name) for name, rows in _learnt(parts.fit).items()}
    newest = usable_energy_hours(parts.newest)
    rows, days = matrix(newest, ENERGY_FEATURES), newest["hour_end_at"].dt.date
    predicted = {name: model.energy.predict(rows) for name, model in models.items()}
    observed = newest[ENERGY_TARGET].to_numpy(np.float64)
    errors = home_errors(newest["device_id"], days, observed, predicted)
    return Pool(errors, segments_of(newest, traits, parts.new_homes))


def _learnt(fit: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """What the models of `PAIRS` learn from."""
    side = fit["device_id"].map(lambda name: zlib.crc32(name.encode()) // 7 % 2).to_numpy()
    at, reservoir = fit["hour_end_at"], package_reservoir()
    own = {
        "one side": fit[side == 0],
        "other side": fit[side == 1],
        "earlier": fit[at <= at.max() - LATER],
        "later": fit[at > at.min() + LATER],
    }
    return {name: pd.concat([rows, reservoir], ignore_index=True) for name, rows in own.items()}


def refusals(of: Pool, models: str, worse: float, homes: int, draws: int) -> list[Row]:
    """Judge fleets that are drawn from a pool, by a pair of models, one of which is so much worse."""
    random, asked, refused = np.random.default_rng(SEED), Counter[str](), Counter[str]()
    names = of.errors.index.to_numpy()
    for _ in range(draws):
        picks = random.integers(0, len(names), homes)
        drawn = of.errors.iloc[picks][["observed"]].copy()
        both = of.errors[[*PAIRS[models]]].to_numpy(np.float64)[picks]
        swapped = random.random(homes) < 0.5  # noqa: PLR2004 (a coin)
        drawn["champion"], drawn["challenger"] = np.where(swapped[:, np.newaxis], both[:, ::-1], both).T
        drawn["challenger"] *= 1 + worse
        drawn.index = pd.Index([f"{place}" for place in range(homes)])
        segments = {
            segment: {str(place) for place in np.flatnonzero(np.isin(names[picks], [*members]))}
            for segment, members in of.segments.items()
        }
        error = compare_errors(drawn, "champion", "challenger", seed=1)
        unseen = compare_errors(drawn.iloc[: homes // UNSEEN], "champion", "challenger", seed=1, sure=SURE)
        findings = judge_errors(drawn, error, unseen, segments)
        asked.update(["any check", *(each.check for each in findings)])
        wrong = [each.check for each in findings if not each.passed]
        refused.update([*wrong, *(["any check"] if wrong else [])])
    return [Row(models, worse, homes, check, asked[check], refused[check]) for check in sorted(asked)]


def _show(rows: list[Row]) -> None:
    table = Table(title="Refused by the gate: split validate")
    for name in ("models", "made worse", "homes", "check", "judged", "refused"):
        table.add_column(name)
    for row in rows:
        share = f"{100 * row.refused / row.asked:.1f} %"
        worse = f"{100 * row.worse:.0f} %"
        table.add_row(row.models, worse, str(row.homes), row.check, str(row.asked), share)
    print_whole(Console(), table)


@click.command()
@click.option("--homes", default=60, show_default=True, help="Of each climate, to draw from.")
@click.option("--draws", default=300, show_default=True, help="Fleets of each size.")
@click.option("--seed", default=SEED, show_default=True)
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write all figures to this file.")
def main(homes: int, draws: int, seed: int, json_path: Path | None) -> None:
    """Let fleets judge models that are as good as each other, and print how often they are refused."""
    drawn = pool(homes, seed)
    cases = itertools.product(PAIRS, WORSE, FLEETS)
    rows = [row for models, worse, size in cases for row in refusals(drawn, models, worse, size, draws)]
    if json_path is not None:
        json_path.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
    _show(rows)


if __name__ == "__main__":
    main()
