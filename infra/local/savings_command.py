"""The command `ac-advisor savings`; what it needs is imported when it runs."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from infra.local.command_options import data_dir_option, json_option
from infra.local.errors import LocalError

if TYPE_CHECKING:
    from cloud.savings.home_days import Floats
    from cloud.savings.report import Report
    from infra.local.savings_second import SecondOpinion

HOURS = 24


class NothingMeasuredError(LocalError):
    """There is no report yet."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(
            f"{data_dir} has no 28 days since a first measuring day yet: homes consent by `measure_savings`, "
            "and CLOUD_MEASURING_PAIRS says how many days are measured"
        )


class CarbonFileError(LocalError):
    """The factors cannot be read."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: a JSON list of {HOURS} numbers, marginal kg of CO2 per kWh by local hour")


@click.command()
@click.option("--carbon", type=click.Path(path_type=Path), help="JSON list of 24 factors [kg CO2/kWh].")
@click.option("--plots", type=click.Path(path_type=Path), help="Draw into this folder.")
@click.option("--keep", is_flag=True, help="Keep the report, so that homes are shown it.")
@click.option("--from-lake", is_flag=True, help="Count days anew from readings; kept days are not asked.")
@data_dir_option
@json_option
def savings(
    data_dir: Path,
    carbon: Path | None,
    plots: Path | None,
    keep: bool,  # noqa: FBT001 (click's)
    from_lake: bool,  # noqa: FBT001 (click's)
    as_json: bool,  # noqa: FBT001 (click's)
) -> None:
    """What advice saves, of the fleet and its cohorts, by days drawn by lot.

    Made anew from what is kept; `up` keeps one a day, whose figures change once in 28 days.
    """
    from infra.local.savings_report import (  # noqa: PLC0415 (as in every command)
        draw,
        report_of,
        rows_of,
        second_opinion_of,
    )

    factors = None if carbon is None else _factors(carbon)
    report = report_of(data_dir, factors, keep=keep, from_lake=from_lake)
    if report is None:
        raise NothingMeasuredError(data_dir)
    if plots is not None:
        draw(report, plots)
    if as_json:
        click.echo(_document(report, second_opinion_of(data_dir)))
        return
    for row in rows_of(report):
        click.echo(row)
    other = second_opinion_of(data_dir)
    if other is not None:
        click.echo(other.line())


def _document(report: "Report", other: "SecondOpinion | None") -> str:
    homes = [home.model_dump(mode="json") for home in report.homes]
    document = {"fleet": report.fleet.model_dump(mode="json"), "homes": homes}
    return json.dumps(document | {"second_opinion": None if other is None else asdict(other)}, indent=1)


def _factors(path: Path) -> "Floats":
    import numpy as np  # noqa: PLC0415 (as in every command)

    try:
        factors = np.array(json.loads(path.read_text()), np.float64)
    except (OSError, ValueError, TypeError) as error:
        raise CarbonFileError(path) from error
    if factors.shape != (HOURS,) or not np.isfinite(factors).all():
        raise CarbonFileError(path)
    return factors
