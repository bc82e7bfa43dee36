"""How often the gate refuses who is as good: `python -m infra.local.gate_study`.

Two models are trained in the same way on different homes and the replay reservoir. Fleets are drawn with
replacement from simulated homes of the split `validate`, on days that neither has seen; in every home of a
fleet a lot says whose error there is the champion's, the other's is the challenger's. So the challenger is as
good by construction, and as unlike the champion as learning from other homes makes it: whatever refuses it is
wrong to.
"""

import json
import zlib
from collections import Counter
from dataclasses import dataclass
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
from cloud.gate.judge import judge_errors
from cloud.gate.segments import Traits, segments_of
from cloud.training import TrainingParams, split, train
from cloud.trees import matrix
from infra.local.loop_fleets import Plan, play
from infra.local.whole_table import print_whole

CLIMATES: Final = ("hot_dry", "hot_humid", "mild_summer")
DAYS: Final = 21
FLEETS: Final = (30, 100, 300)
SEED: Final = 612

UNSEEN: Final = 4
"""One home in so many of a fleet is held out."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Homes to draw from: errors of both models by home (`home_errors`), and the homes of each segment."""

    errors: pd.DataFrame
    segments: dict[str, set[str]]


@dataclass(frozen=True, slots=True)
class Row:
    """Of fleets of one size: how often a check was made, and how often it refused."""

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
    side = parts.fit["device_id"].map(lambda name: zlib.crc32(name.encode()) // 7 % 2).to_numpy()
    reservoir = package_reservoir()
    models = {
        name: train(pd.concat([parts.fit[side == own], reservoir]), TrainingParams(), name)
        for own, name in enumerate("ab")
    }
    newest = usable_energy_hours(parts.newest)
    rows, days = matrix(newest, ENERGY_FEATURES), newest["hour_end_at"].dt.date
    predicted = {name: model.energy.predict(rows) for name, model in models.items()}
    observed = newest[ENERGY_TARGET].to_numpy(np.float64)
    errors = home_errors(newest["device_id"], days, observed, predicted)
    return Pool(errors, segments_of(newest, traits, parts.new_homes))


def refusals(of: Pool, homes: int, draws: int, seed: int) -> list[Row]:
    """Judge fleets that are drawn from a pool."""
    random, asked, refused = np.random.default_rng(seed), Counter[str](), Counter[str]()
    names = of.errors.index.to_numpy()
    for _ in range(draws):
        picks = random.integers(0, len(names), homes)
        drawn = of.errors.iloc[picks][["observed"]].copy()
        both = of.errors[["a", "b"]].to_numpy(np.float64)[picks]
        swapped = random.random(homes) < 0.5  # noqa: PLR2004 (a coin)
        drawn["champion"], drawn["challenger"] = np.where(swapped[:, np.newaxis], both[:, ::-1], both).T
        drawn.index = pd.Index([f"{place}" for place in range(homes)])
        segments = {
            segment: {str(place) for place in np.flatnonzero(np.isin(names[picks], [*members]))}
            for segment, members in of.segments.items()
        }
        error = compare_errors(drawn, "champion", "challenger", seed=1)
        unseen = compare_errors(drawn.iloc[: homes // UNSEEN], "champion", "challenger", seed=1)
        findings = judge_errors(drawn, error, unseen, segments)
        asked.update(["any check", *(each.check for each in findings)])
        wrong = [each.check for each in findings if not each.passed]
        refused.update([*wrong, *(["any check"] if wrong else [])])
    return [Row(homes, check, asked[check], refused[check]) for check in sorted(asked)]


def _show(rows: list[Row]) -> None:
    table = Table(title="As good as the champion, and refused: split validate")
    for name in ("homes", "check", "judged", "refused"):
        table.add_column(name)
    for row in rows:
        table.add_row(str(row.homes), row.check, str(row.asked), f"{100 * row.refused / row.asked:.1f} %")
    print_whole(Console(), table)


@click.command()
@click.option("--homes", default=60, show_default=True, help="Of each climate, to draw from.")
@click.option("--draws", default=300, show_default=True, help="Fleets of each size.")
@click.option("--seed", default=SEED, show_default=True)
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write all figures to this file.")
def main(homes: int, draws: int, seed: int, json_path: Path | None) -> None:
    """Let fleets judge models that are as good as each other, and print how often they are refused."""
    drawn = pool(homes, seed)
    rows = [row for size in FLEETS for row in refusals(drawn, size, draws, seed)]
    figures = [
        {"homes": row.homes, "check": row.check, "judged": row.asked, "refused": row.refused} for row in rows
    ]
    if json_path is not None:
        json_path.write_text(json.dumps(figures, indent=1) + "\n")
    _show(rows)


if __name__ == "__main__":
    main()
