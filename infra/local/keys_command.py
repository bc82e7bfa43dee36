"""The `ac-advisor keys` commands: what access tokens are signed with."""

from pathlib import Path

import click

from infra.local.command_options import data_dir_option, json_option, say


@click.group()
def keys() -> None:
    """Keys that sign access tokens; they follow one another by age (`API_KEY_DAYS`)."""


@keys.command("list")
@data_dir_option
@json_option
def list_command(data_dir: Path, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """Every key and what it is used for now."""
    from infra.local.accounts_desk import signing_keys  # noqa: PLC0415 (as in every command)

    say(signing_keys(data_dir), as_json=as_json)


@keys.command("rotate")
@click.option(
    "--drop-old", is_flag=True, help="A key was stolen: believe no other from now on. All access tokens end."
)
@data_dir_option
@json_option
def rotate_command(drop_old: bool, data_dir: Path, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """Make the next key: published now, signing in ten minutes."""
    from infra.local.accounts_desk import rotate_keys  # noqa: PLC0415 (as in every command)

    say(rotate_keys(data_dir, drop_old=drop_old), as_json=as_json)
