"""The `ac-advisor lake` commands; what they need is imported when they run."""

from datetime import UTC
from pathlib import Path
from typing import Any

import click

from infra.local.command_options import data_dir_option, json_option, say

_AT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])


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


@lake.command()
@click.option("--from", "start", type=_AT, required=True, help="UTC.")
@click.option("--to", "end", type=_AT, required=True, help="UTC, not included.")
@click.option("--device", "device_ids", multiple=True, help="Only this one; may be given again.")
@click.option("--source", default="lake", show_default=True, help="Or log, a folder, s3://…, kinesis:STREAM.")
@click.option("--into", required=True, help="log, lake, a folder, or s3://….")
@data_dir_option
@json_option
def replay(data_dir: Path, as_json: bool, **options: Any) -> None:  # noqa: ANN401, FBT001 (click's)
    """Give readings of a span of time to a log or a lake that lacks them; once, however often.

    Fills a new lake, here or on S3; a log that was lost, of which apps and advice live, from the lake; the
    lake from the log, which has some days; a lake from what Kinesis still holds (by arrival). Also while the
    stack runs.
    """
    from cloud.adapters.lake_history import Span  # noqa: PLC0415
    from infra.local.lake_replay import Places, replay  # noqa: PLC0415

    start, end = (options[name].replace(tzinfo=UTC) for name in ("start", "end"))
    span = Span(start, end, frozenset(options["device_ids"]))
    say(replay(data_dir, Places(options["source"], options["into"]), span), as_json=as_json)


@lake.command()
@data_dir_option
@json_option
def upkeep(data_dir: Path, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """Merge small files, let go of old days, remove what was replaced: for a schedule, where Lambdas write.

    The stack does so by itself.
    """
    from infra.local.lake_replay import look_after  # noqa: PLC0415

    say(look_after(data_dir), as_json=as_json)
