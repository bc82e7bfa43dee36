"""The command `ac-advisor monitor`; what it needs is imported when it runs."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from infra.local.command_options import data_dir_option, json_option
from infra.local.errors import LocalError

if TYPE_CHECKING:
    from cloud.ports.monitoring import MonitoringReport

RUNBOOK: Final = "infra/RUNBOOK.md"


class NotMonitoredError(LocalError):
    """No round was made here."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(f"{data_dir} has not been monitored yet: `ac-advisor up` does, or give --now")


@click.command()
@click.option("--now", "is_now", is_flag=True, help="Make a round first, for a schedule or a look between.")
@data_dir_option
@json_option
def monitor(data_dir: Path, is_now: bool, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """How the fleet and its models do, by region and machine; exits 1 while an alarm is raised.

    Shows the newest round, which `up` makes every five minutes.
    """
    report = _report(data_dir, is_now=is_now)
    if as_json:
        click.echo(report.model_dump_json(indent=1))
    else:
        _show(report)
    if report.raised:
        sys.exit(1)


def _report(data_dir: Path, *, is_now: bool) -> "MonitoringReport":
    from contextlib import closing  # noqa: PLC0415 (as in every command)

    from cloud.config import CloudSettings  # noqa: PLC0415 (as in every command)
    from cloud.monitoring.round import newest_report  # noqa: PLC0415 (as in every command)
    from cloud.wiring.state import has_state, open_state  # noqa: PLC0415 (as in every command)
    from infra.local.listings import NothingThereError  # noqa: PLC0415 (as in every command)

    settings = CloudSettings(data_dir=data_dir)
    if not has_state(settings):
        raise NothingThereError(data_dir)
    if is_now:
        from cloud.wiring.monitoring import monitor_once  # noqa: PLC0415 (as in every command)

        return monitor_once(settings)
    with closing(open_state(settings)) as state:
        report = newest_report(state)
    if report is None:
        raise NotMonitoredError(data_dir)
    return report


_COLUMNS: Final[dict[str, tuple[str, Callable[[float], str]]]] = {
    "devices": ("devices", "{:.0f}".format),
    "stale": ("stale_ratio", "{:.1%}".format),
    "with advice": ("covered_ratio", "{:.1%}".format),
    "measured / predicted": ("energy_ratio", "{:.2f}".format),
    "error of a day": ("energy_error_ratio", "{:.1%}".format),
    "overrides a day": ("overrides_per_day", "{:.2f}".format),
    "accepted": ("accepted_ratio", "{:.0%}".format),
    "drift": ("feature_drift_index", "{:.2f}".format),
    "models' age": ("model_age_days", "{:.1f} d".format),
}


def _show(report: "MonitoringReport") -> None:
    from rich.console import Console  # noqa: PLC0415 (as in every command)
    from rich.table import Table  # noqa: PLC0415 (as in every command)

    from infra.local.whole_table import print_whole  # noqa: PLC0415 (as in every command)

    table = Table(title=f"The fleet at {report.fleet_at.isoformat(timespec='seconds')}")
    for title in ("cohort", *_COLUMNS):
        table.add_column(title, justify="left" if title == "cohort" else "right")
    for cohort in report.cohorts:
        figures = cohort.figures.model_dump()
        cells = [(figures[name], said) for name, said in _COLUMNS.values()]
        table.add_row(cohort.name, *("-" if value is None else said(value) for value, said in cells))
    print_whole(Console(), table)
    service = report.service
    click.echo(f"champion {service.champion or '-'}, on trial {service.trial or '-'}")
    for alarm in report.alarms:
        click.echo(f"{alarm.state.upper()} {alarm.alarm}, {alarm.cohort}: {alarm.words}")
        click.echo(f"    since {alarm.since.isoformat(timespec='seconds')}; {alarm.remedy}; see {RUNBOOK}")
    if not report.alarms:
        click.echo("no alarm")
