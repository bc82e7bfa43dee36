"""The `ac-advisor bench` commands; what they need is imported when they run."""

import json
from dataclasses import asdict

import click


@click.group()
def bench() -> None:
    """Measure what things cost, as ratios to something bare in the same run."""


@bench.command()
@click.option("--homes", default=1000, show_default=True, type=click.IntRange(1, 100_000))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def advise(homes: int, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """Decisions one at a time and all together, beside the bare models on the same rows."""
    from infra.local.advise_bench import measure  # noqa: PLC0415 (as in every command)

    _print(asdict(measure(homes)), as_json=as_json)


@bench.command()
@click.option("--messages", default=40_000, show_default=True, type=click.IntRange(1000, 10_000_000))
@click.option("--packed", default=400_000, show_default=True, type=click.IntRange(500, 100_000_000))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def ingest(messages: int, packed: int, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """Readings kept and acknowledged, beside what the same broker takes with nobody consuming.

    A round has so many messages of one reading, and so many readings in messages of 500.
    """
    from infra.local.errors import LocalError  # noqa: PLC0415 (as in every command)
    from infra.local.ingest_bench import measure  # noqa: PLC0415 (as in every command)

    try:
        figures = asdict(measure(messages, packed))
    except LocalError as error:
        raise click.ClickException(str(error)) from error
    _print(figures, as_json=as_json)


@bench.command()
@click.option("--messages", default=40_000, show_default=True, type=click.IntRange(1000, 10_000_000))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def compare(messages: int, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """Readings kept and acknowledged, beside a paho, json and SQLite consumer on the same broker.

    A round has so many messages for ours, a quarter of them for the consumer that commits in batches, a
    fortieth for the one that commits each message.
    """
    from infra.local.compare_bench import compare as measure  # noqa: PLC0415 (as in every command)
    from infra.local.errors import LocalError  # noqa: PLC0415 (as in every command)

    try:
        figures = asdict(measure(messages))
    except LocalError as error:
        raise click.ClickException(str(error)) from error
    _print(figures, as_json=as_json)


@bench.command()
@click.option("--readings", default=30_000, show_default=True, type=click.IntRange(1000, 10_000_000))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def edge(readings: int, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """Readings through the gateway, its spool and its uplink, beside bare publishes of its MQTT library.

    A round has so many readings, one a message.
    """
    from infra.local.edge_bench import measure  # noqa: PLC0415 (as in every command)
    from infra.local.errors import LocalError  # noqa: PLC0415 (as in every command)

    try:
        figures = asdict(measure(readings))
    except LocalError as error:
        raise click.ClickException(str(error)) from error
    _print(figures, as_json=as_json)


@bench.command()
@click.option("--homes", default=1000, show_default=True, type=click.IntRange(10, 100_000))
@click.option("--days", default=365, show_default=True, type=click.IntRange(2, 3660))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def lake(homes: int, days: int, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """A lake of simulated homes, beside one plain Parquet file with the same rows.

    Takes about as much disk as both, in the folder for temporary files.
    """
    from infra.local.lake_bench import measure  # noqa: PLC0415 (as in every command)
    from infra.local.sim_command import progress_shown  # noqa: PLC0415 (as in every command)

    with progress_shown() as progress:
        figures = asdict(measure(homes, days, progress))
    _print(figures, as_json=as_json)


@bench.command()
@click.option("--requests", default=2000, show_default=True, type=click.IntRange(200, 1_000_000))
@click.option("--profile", is_flag=True, help="Also where the time of a recommendation goes, by shares.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def api(requests: int, profile: bool, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """Requests served beside 32 streams of live updates, as ratios to bare Flask on the same server."""
    from infra.local.api_bench import measure_api, rows_of  # noqa: PLC0415 (as in every command)
    from infra.local.errors import LocalError  # noqa: PLC0415 (as in every command)

    try:
        rates = measure_api(requests, profile=profile)
    except LocalError as error:
        raise click.ClickException(str(error)) from error
    _print(asdict(rates) if as_json else rows_of(rates), as_json=as_json)


def _print(figures: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(figures, indent=1))
        return
    for name, value in figures.items():
        click.echo(f"{name:<32}  {value}")
