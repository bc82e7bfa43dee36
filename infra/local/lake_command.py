"""The `ac-advisor lake` commands; what they need is imported when they run."""

from pathlib import Path

import click

from infra.local.command_options import data_dir_option, json_option, say


@click.group(invoke_without_command=True)
@data_dir_option
@json_option
@click.pass_context
def lake(context: click.Context, data_dir: Path, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """The telemetry history: what is in it and on the disk; forgetting devices."""
    if context.invoked_subcommand is not None:
        return
    from infra.local.lake_report import report  # noqa: PLC0415 (as in every command)

    facts = report(data_dir)
    say(facts, as_json=as_json)
    if as_json:
        return
    for name, use in facts["disk"].items():
        if use["state"] != "ok":
            click.echo(f"{name}: {use['used_ratio']:.0%} of its disk budget are used", err=True)


@lake.command()
@click.argument("device_ids", metavar="DEVICE...", nargs=-1, required=True)
@data_dir_option
@json_option
def forget(device_ids: tuple[str, ...], data_dir: Path, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """Remove all that devices have said until now from log, dead letters and lake, for good.

    What they say later is kept: to be rid of a device for good, delete it by the API. If it ends before it is
    complete, the same command again goes on.
    """
    from infra.local.lake_report import forget_devices  # noqa: PLC0415

    done = forget_devices(data_dir, device_ids)
    if as_json:
        say({"devices": device_ids, "rows_removed": done.rows, "complete": done.complete}, as_json=True)
        return
    click.echo(f"{done.rows} rows of {len(device_ids)} devices removed from log and lake")
    if not done.complete:
        click.echo("Not complete: ingest is writing, or was killed; give the same command in an hour")
