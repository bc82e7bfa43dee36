"""Options that many commands of `ac-advisor` share, and how they say what they found."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

data_dir_option = click.option(
    "--data-dir", type=click.Path(path_type=Path), default=Path("var/ac-advisor"), show_default=True
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


def say(facts: Mapping[str, Any] | list[dict[str, Any]], *, as_json: bool) -> None:
    """Print facts as JSON, or as lines that a person reads."""
    if as_json:
        click.echo(json.dumps(facts, indent=1, default=str))
        return
    rows = facts if isinstance(facts, list) else [dict(facts)]
    for row in rows:
        width = max(len(name) for name in row)
        for name, value in row.items():
            click.echo(f"{name:<{width}}  {value}")
        if len(rows) > 1:
            click.echo("")
