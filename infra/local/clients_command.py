"""The `ac-advisor clients` commands: applications that may ask people for access."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from infra.local.command_options import data_dir_option, json_option, say

if TYPE_CHECKING:
    from mobile_api.identity_records import ClientAuth


@click.group()
def clients() -> None:
    """Applications that may ask people for access, such as voice assistants."""


@clients.command("add")
@click.argument("name")
@click.option(
    "--redirect-uri", "redirect_uris", multiple=True, help="Where codes go, exactly. None: device grant."
)
@click.option("--scope", "scopes", multiple=True, type=click.Choice(["read", "advise", "control"]))
@click.option("--public", is_flag=True, help="An app or a page: it cannot keep a secret.")
@click.option("--secret-in-body", is_flag=True, help="It sends its secret in the form, as Google does.")
@click.option("--introspects", is_flag=True, help="It may ask what any token is worth.")
@data_dir_option
@json_option
def add_command(data_dir: Path, as_json: bool, **options: Any) -> None:  # noqa: ANN401, FBT001 (click's)
    """Register an application; its secret is printed this once."""
    from infra.local.accounts_desk import register  # noqa: PLC0415 (as in every command)

    if options["public"] and (options["secret_in_body"] or options["introspects"]):
        raise click.UsageError("a public application has no secret: leave out --public or the other option")
    secret: ClientAuth = "client_secret_post" if options["secret_in_body"] else "client_secret_basic"
    facts = register(
        data_dir,
        options["name"],
        options["redirect_uris"],
        options["scopes"],
        "none" if options["public"] else secret,
        introspects=options["introspects"],
    )
    say(facts, as_json=as_json)


@clients.command("list")
@data_dir_option
@json_option
def list_command(data_dir: Path, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """Every registered application."""
    from infra.local.accounts_desk import clients as registered  # noqa: PLC0415 (as in every command)

    say(registered(data_dir), as_json=as_json)


@clients.command("remove")
@click.argument("client_id")
@data_dir_option
@json_option
def remove_command(client_id: str, data_dir: Path, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """Remove an application: it gets no more tokens."""
    from infra.local.accounts_desk import unregister  # noqa: PLC0415 (as in every command)

    say(unregister(data_dir, client_id), as_json=as_json)
