"""Options that many commands share."""

from pathlib import Path

import click

data_dir_option = click.option(
    "--data-dir", type=click.Path(path_type=Path), default=Path("var/ac-advisor"), show_default=True
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
