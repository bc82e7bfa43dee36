"""What believing yesterday's error is worth: `python -m infra.local.ratio_study`.

Fleets of the split `validate` live at their habit, and in some homes something changes. The shipped model
says each day's energy with the weather and setpoints as they were, and the same multiplied by what
`cloud.yesterday` believes of the day before. Errors are of daily energy, in the four weeks after the change.
"""

from collections.abc import Sequence
from typing import Final

import click
import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from cloud.champion import Champion
from cloud.day_errors import MEASURED_H
from cloud.energy import usable_energy_hours
from cloud.feature_catalogue import ENERGY_FEATURES, ENERGY_TARGET
from cloud.trees import matrix
from cloud.yesterday import believed
from infra.local.loop_fleets import Change, Changed, Plan, play
from infra.local.whole_table import print_whole

CHANGE_DAY: Final = 14
"""Days before the change [days]."""

FOLLOWED_DAYS: Final = 28

CHANGES: Final[tuple[Change, ...]] = ("filters", "occupants", "season")
SEED: Final = 341


def study(fleet: Changed, champion: Champion) -> pd.DataFrame:
    """By home: whether it `changed`, what it drew, and errors `without` and `with` the ratio [kWh]."""
    hours = usable_energy_hours(fleet.hours)
    day = (hours["hour_end_at"] - pd.Timestamp(fleet.began) - pd.Timedelta(hours=1)) // pd.Timedelta(days=1)
    said = champion.energy.predict(matrix(hours, ENERGY_FEATURES))
    frame = pd.DataFrame({"drawn": hours[ENERGY_TARGET], "said": said, "hours": 1.0})
    days = frame.groupby([hours["device_id"], day.rename("day")]).sum()
    ratio = pd.Series(believed(days["drawn"].to_numpy(), days["said"].to_numpy()), days.index)
    ratio = ratio.where(days["hours"] >= MEASURED_H, 1.0).rename(lambda ordinal: ordinal + 1, level="day")
    days["corrected"] = days["said"] * ratio.reindex(days.index, fill_value=1.0)
    after = days[days.index.get_level_values("day") >= CHANGE_DAY]
    errors = pd.DataFrame(
        {
            "drawn": after["drawn"],
            "without": (after["said"] - after["drawn"]).abs(),
            "with": (after["corrected"] - after["drawn"]).abs(),
        }
    )
    homes = errors.groupby(level="device_id").sum()
    return homes.assign(changed=homes.index.isin(fleet.affected))


@click.command()
@click.option("--homes", default=20, show_default=True, type=click.IntRange(10, 200))
@click.option("--climates", default="hot_dry,mild_summer", show_default=True)
@click.option("--seed", default=SEED, show_default=True)
def main(homes: int, climates: str, seed: int) -> None:
    """Print errors with and without the ratio, of homes that change and of others."""
    champion, found = Champion.from_package(), list[tuple[str, str, pd.DataFrame]]()
    for place, climate in enumerate(climates.split(",")):
        for change in CHANGES:
            days = CHANGE_DAY + FOLLOWED_DAYS
            plan = Plan(homes, seed + place, climate, "validate", days, CHANGE_DAY)
            found.append((climate, change, study(play(change, plan), champion)))
    _show(found)


def _show(found: Sequence[tuple[str, str, pd.DataFrame]]) -> None:
    table = Table(title="Daily energy, split validate: error of the shipped model, yesterday believed or not")
    for name in ("climate", "planted", "homes", "without", "with", "homes that gain"):
        table.add_column(name)
    for climate, change, homes in found:
        for whose, some in homes.groupby("changed"):
            without, corrected = (
                float(some[name].sum() / some["drawn"].sum()) for name in ("without", "with")
            )
            table.add_row(
                climate,
                change if whose else f"{change}, others",
                str(len(some)),
                f"{100 * without:.1f} %",
                f"{100 * corrected:.1f} %",
                str(int(np.count_nonzero(some["with"] < some["without"]))),
            )
    print_whole(Console(), table)


if __name__ == "__main__":
    main()
