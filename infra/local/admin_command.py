"""The `ac-advisor admin` commands: who may operate the service."""

from pathlib import Path

import click

from infra.local.command_options import data_dir_option, json_option, say


@click.group()
def admin() -> None:
    """Operators: accounts that may run the service."""


@admin.command("grant")
@click.argument("email")
@data_dir_option
@json_option
def grant_command(email: str, data_dir: Path, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """Make the account of EMAIL an operator's."""
    from infra.local.accounts_desk import grant  # noqa: PLC0415 (as in every command)

    facts = grant(data_dir, email)
    say(facts, as_json=as_json)
    if not facts["email_verified"]:
        click.echo("nobody has confirmed this address: make sure that the account is that person's", err=True)


@admin.command("revoke")
@click.argument("email")
@data_dir_option
@json_option
def revoke_command(email: str, data_dir: Path, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """Take that away, at once."""
    from infra.local.accounts_desk import revoke  # noqa: PLC0415 (as in every command)

    say(revoke(data_dir, email), as_json=as_json)


@admin.command("list")
@data_dir_option
@json_option
def list_command(data_dir: Path, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """Every operator."""
    from infra.local.accounts_desk import operators  # noqa: PLC0415 (as in every command)

    say(operators(data_dir), as_json=as_json)


@admin.command("audit")
@click.argument("log", default="operators")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100))
@data_dir_option
@json_option
def audit_command(log: str, limit: int, data_dir: Path, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """The newest entries of the audit log: of an account's id, `operators` or `nobody`."""
    from infra.local.accounts_desk import audit_log  # noqa: PLC0415 (as in every command)

    say(audit_log(data_dir, log, limit), as_json=as_json)
