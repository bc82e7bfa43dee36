"""The `ac-advisor backtest` command; what it needs is imported when it runs."""

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console


@click.command()
@click.option("--homes", default=8, show_default=True, type=click.IntRange(2, 500), help="Of each climate.")
@click.option("--days", default=42, show_default=True, type=click.IntRange(22, 365))
@click.option("--pairs-only", is_flag=True, help="Judge the savings of measured pairs only.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write all figures to this file.")
def backtest(homes: int, days: int, pairs_only: bool, json_path: Path | None) -> None:  # noqa: FBT001 (click's)
    """Judge predicted savings on measured pairs, and forecasts of energy beside simple ones."""
    from cloud.champion import Champion  # noqa: PLC0415 (as in every command)
    from infra.local.comfort_votes import DataSettings  # noqa: PLC0415
    from infra.local.measured.laboratory_days import DATA_SET, read_days  # noqa: PLC0415
    from infra.local.measured.pair_study import study_pairs  # noqa: PLC0415
    from infra.local.measured.tables import print_pairs  # noqa: PLC0415

    console, document = Console(soft_wrap=True), dict[str, Any]()
    data = DataSettings().data
    if data is None:
        console.print("AC_ADVISOR_DATA is not set: nothing measured is judged")
        if pairs_only:
            raise click.UsageError("--pairs-only needs AC_ADVISOR_DATA, the folder of measured data sets")
    else:
        study = study_pairs(read_days(data / DATA_SET), Champion.from_package())
        print_pairs(console, study)
        document["pairs"] = study.to_json()
    if not pairs_only:
        document["forecasts"] = _forecasts(console, data, homes, days)
    if json_path is not None:
        json_path.parent.mkdir(parents=True, exist_ok=True)
        json_path.write_text(json.dumps(document, indent=1) + "\n")


def _forecasts(console: Console, data: Path | None, homes: int, days: int) -> list[dict[str, Any]]:
    from cloud.champion import Champion  # noqa: PLC0415
    from infra.local.measured import opendsm_daily  # noqa: PLC0415
    from infra.local.measured.backtest import run_backtests  # noqa: PLC0415
    from infra.local.measured.backtest_homes import ecobee_homes, simulated_homes  # noqa: PLC0415
    from infra.local.measured.laboratory_backtest import backtest_days  # noqa: PLC0415
    from infra.local.measured.laboratory_days import DATA_SET, read_days  # noqa: PLC0415
    from infra.local.measured.tables import print_backtest  # noqa: PLC0415

    with_opendsm = opendsm_daily.installed()
    if not with_opendsm:
        console.print(opendsm_daily.SKIPPED, markup=False)
    groups = simulated_homes(homes, days)
    if data is not None:
        groups.append(ecobee_homes(data))
    backtests = run_backtests(groups, with_opendsm=with_opendsm)
    if data is not None:
        backtests.append(backtest_days(read_days(data / DATA_SET), Champion.from_package()))
    for each in backtests:
        print_backtest(console, each)
    return [each.to_json() for each in backtests]
