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

    figures = asdict(measure(homes))
    if as_json:
        click.echo(json.dumps(figures, indent=1))
        return
    for name, value in figures.items():
        click.echo(f"{name:<30}  {value}")
