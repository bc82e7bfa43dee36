"""The command `ac-advisor quality`; what it needs is imported when it runs."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from infra.local.command_options import data_dir_option, json_option, say

SHOWN_DEVICES = 20
"""So many devices are shown to a person; `--json` has all."""


@click.group(invoke_without_command=True)
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="UTC. Default: the newest that is over.")
@data_dir_option
@json_option
@click.pass_context
def quality(context: click.Context, day: datetime | None, data_dir: Path, as_json: bool) -> None:  # noqa: FBT001
    """What is not plausible in a day's readings, and what never came, by device and for the fleet.

    It is made now, of what the lake holds now; `list` and `show` give the reports that ingest has made, one
    for each day when it was over.
    """
    from infra.local.daily_quality import quality_of  # noqa: PLC0415 (as in every command)

    if context.invoked_subcommand is None:
        _show(quality_of(data_dir, None if day is None else day.date()), as_json=as_json)


@quality.command("list")
@data_dir_option
@json_option
def list_reports(data_dir: Path, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """The daily reports that were made, each in a line."""
    from infra.local.daily_quality import reports_of  # noqa: PLC0415

    reports = reports_of(data_dir)
    if as_json:
        say(reports, as_json=True)
        return
    click.echo(f"{'day':<10} {'devices':>8} {'readings':>9} {'missing':>8} {'flagged':>8}")
    for each in reports:
        figures = f"{each['devices']:>8} {each['readings']:>9} {each['missing']:>8} {each['flagged']:>8}"
        click.echo(f"{each['day']:<10} {figures}")


@quality.command("show")
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]))
@data_dir_option
@json_option
def show_report(day: datetime, data_dir: Path, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """The report of a day, as it was made when the day was over."""
    from infra.local.daily_quality import report_of  # noqa: PLC0415

    _show(report_of(data_dir, day.date()), as_json=as_json)


def _show(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        say(found, as_json=True)
        return
    say({name: found[name] for name in ("day", "devices", "readings", "missing")}, as_json=False)
    click.echo(f"\n{'readings':>9} {'devices':>8}  rule")
    for name, rule in found["rules"].items():
        click.echo(f"{rule['readings']:>9} {rule['devices']:>8}  {name}: {rule['limit']}")
    _show_devices(found["per_device"])


def _show_devices(devices: list[dict[str, Any]]) -> None:
    """Those with most to say, the worst first."""
    worst = sorted(devices, key=lambda each: (-sum(each["flags"].values()), -each["missing"]))
    shown = [each for each in worst if each["flags"] or each["missing"] or each["ahead_ever"]][:SHOWN_DEVICES]
    if shown:
        click.echo(f"\n{'device':<24} {'readings':>8} {'missing':>8} {'ever':>8}  flags")
    for each in shown:
        flags = ", ".join(f"{name} {count}" for name, count in each["flags"].items())
        if each["ahead_ever"]:
            flags += (
                f" (clock ever ahead: {each['ahead_ever']}, by up to {each['worst_ahead_s'] / 60:.0f} min)"
            )
        ever = "-" if each["missing_ever"] is None else each["missing_ever"]
        click.echo(f"{each['device_id']:<24} {each['readings']:>8} {each['missing']:>8} {ever:>8}  {flags}")
