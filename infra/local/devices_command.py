"""`ac-advisor devices`: who may connect, who is there, and what the gateway does not understand yet."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from infra.local.command_options import data_dir_option, json_option, say

if TYPE_CHECKING:
    from edge.contract import Mode


def _known_sources(
    _context: click.Context, _option: click.Parameter, value: tuple[str, ...]
) -> tuple[str, ...]:
    from pydantic import ValidationError  # noqa: PLC0415 (as in every command)

    from edge.contract.telemetry import describe  # noqa: PLC0415 (as in every command)
    from edge.dialects.dialect import Source  # noqa: PLC0415 (as in every command)

    try:
        return tuple(str(Source.model_validate(each)) for each in value)
    except ValidationError as error:
        raise click.BadParameter(describe(error)) from error


@click.group()
def devices() -> None:
    """Let devices in and see who is there."""


@devices.command("add")
@click.argument("device_id")
@click.option("--behind-gateway", is_flag=True, help="On the site, behind this machine's gateway.")
@click.option(
    "--source",
    "sources",
    multiple=True,
    callback=_known_sources,
    help="Of another make: tasmota:TOPIC, shelly:PREFIX, home_assistant:ID, ... (with --behind-gateway).",
)
@click.option(
    "--mode",
    "modes",
    multiple=True,
    type=click.Choice(("cool", "heat", "dry", "fan", "auto")),
    help="What it can do, once for each; without any, nothing is left out.",
)
@data_dir_option
@json_option
def add_device(
    device_id: str,
    behind_gateway: bool,  # noqa: FBT001 (click's)
    sources: tuple[str, ...],
    modes: "tuple[Mode, ...]",
    data_dir: Path,
    as_json: bool,  # noqa: FBT001 (click's)
) -> None:
    """Make a login for a device and a claim code for its home."""
    from infra.local.stack import admit  # noqa: PLC0415 (as in every command)

    if sources and not behind_gateway:
        raise click.UsageError("--source needs --behind-gateway: only a gateway understands other makes")
    admitted = admit(data_dir, device_id, behind_gateway=behind_gateway, sources=sources, modes=modes or None)
    say(admitted, as_json=as_json)


@devices.command("add-bridge")
@click.argument("root")
@data_dir_option
@json_option
def add_bridge(root: str, data_dir: Path, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """Make a login for a bridge (such as zigbee2mqtt) that speaks for many devices below the topic ROOT."""
    from infra.local.identities import IdentityFile  # noqa: PLC0415 (as in every command)

    bridge = IdentityFile(data_dir / "identities.json").add_bridge(root)
    say({"username": bridge.name, "password": bridge.password}, as_json=as_json)


@devices.command("add-home-assistant")
@click.argument("name", default="home-assistant")
@data_dir_option
@json_option
def add_home_assistant(name: str, data_dir: Path, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """Make a login on this machine's broker for Home Assistant, for what one home is shown there and no more.

    Give it to Home Assistant (Settings, Devices, MQTT) and to `python -m edge home-assistant`. NAME tells
    homes on one broker apart.
    """
    from infra.local.identities import IdentityFile  # noqa: PLC0415 (as in every command)

    login = IdentityFile(data_dir / "identities.json").add_home_assistant(name)
    settings = {"HA_NAME": login.name, "HA_USERNAME": login.name, "HA_PASSWORD": login.password}
    say({"username": login.name, "password": login.password, **settings}, as_json=as_json)


@devices.command("others")
@data_dir_option
@json_option
def list_others(data_dir: Path, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """Devices of other makes that the gateway has heard, registered or not, and what each one misses."""
    from infra.local.listings import other_makes  # noqa: PLC0415 (as in every command)

    others = other_makes(data_dir)
    if others or as_json:
        say(others, as_json=as_json)
    else:
        click.echo("The gateway has heard no device of another make.")


@devices.command("list")
@data_dir_option
@json_option
def list_devices(data_dir: Path, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """Every device that may connect, and its newest reading."""
    from infra.local.listings import device_list  # noqa: PLC0415 (as in every command)

    say(device_list(data_dir), as_json=as_json)
