"""The `ac-advisor aws` commands: who may connect, and whether an account is as it should be."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from infra.local.command_options import data_dir_option, json_option, say

if TYPE_CHECKING:
    from cloud.ports.state import StateStore


@click.group()
def aws() -> None:
    """An installation on AWS; wants the extra `aws`, credentials and a region."""


@aws.command("doctor")
@click.option("--stack", default="AcAdvisor", show_default=True)
@json_option
def doctor_command(stack: str, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """Say what is wrong with the account or the deployed stack, and how to mend it; changes nothing."""
    from cloud.adapters.aws_account import examine  # noqa: PLC0415 (as in every command)

    findings = list(examine(stack))
    marks = {True: "", False: "PROBLEM "}
    say({what: f"{marks[is_well]}{found}" for what, found, is_well in findings}, as_json=as_json)
    if not all(is_well for _, _, is_well in findings):
        sys.exit(1)


@aws.command("register")
@click.argument("thing")
@click.option("--gateway", "is_gateway", is_flag=True, help="It speaks for devices, and is none itself.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path(), show_default=True)
@json_option
def register_command(thing: str, is_gateway: bool, out: Path, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """Let a device or gateway in: writes THING.pem and THING.key, which nobody else has.

    A device is noted in the serving state, `CLOUD_STATE`, so that it is heard and people can pair it; of one
    behind a gateway see `behind`.
    """
    from cloud.adapters.iot_things import iot_things  # noqa: PLC0415 (as in every command)

    if not is_gateway:
        with _serving_state() as state:
            _note(state, (thing,))
    credentials = iot_things(_policy()).register(thing)
    out.mkdir(parents=True, exist_ok=True)
    certificate, key = out / f"{thing}.pem", out / f"{thing}.key"
    certificate.write_text(credentials.certificate_pem)
    key.touch(mode=0o600)
    key.write_text(credentials.private_key_pem)
    say({"thing": thing, "certificate": certificate, "key": key}, as_json=as_json)


@aws.command("behind")
@click.argument("gateway")
@click.argument("devices", nargs=-1, required=True)
@json_option
def behind_command(gateway: str, devices: tuple[str, ...], as_json: bool) -> None:  # noqa: FBT001 (click's)
    """Register devices behind a gateway, in the serving state, `CLOUD_STATE`; their people bring them in.

    The gateway may speak for all of them, and is told of them when it asks next (`EDGE_DEVICES=cloud`).
    """
    from cloud.adapters.iot_things import iot_things  # noqa: PLC0415 (as in every command)
    from cloud.site_devices import in_step  # noqa: PLC0415 (as in every command)

    with _serving_state() as state:
        _note(state, devices, gateway)
        found = in_step(state, gateway, iot_things(_policy()).let_speak)
    say({"gateway": gateway, "devices": ", ".join(each.device_id for each in found.devices)}, as_json=as_json)


@aws.command("remove")
@click.argument("thing")
@json_option
def remove_command(thing: str, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """Let a device or gateway in no more, and leave nothing of it in AWS IoT."""
    from cloud.adapters.iot_things import iot_things  # noqa: PLC0415 (as in every command)

    iot_things(_policy()).remove(thing)
    say({"removed": thing}, as_json=as_json)


@aws.command("forget")
@data_dir_option
@json_option
def forget_command(data_dir: Path, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """Carry out what people have deleted: lake, dead letters, shadows, certificates. For a schedule.

    Says how many requests are still open; what was asked in the last minutes waits for the next round.
    """
    from cloud.adapters.iot_shadows import iot_shadows  # noqa: PLC0415 (as in every command)
    from cloud.adapters.iot_things import iot_things  # noqa: PLC0415 (as in every command)
    from cloud.config import CloudSettings  # noqa: PLC0415 (as in every command)
    from cloud.wiring.deletion import forget_deleted  # noqa: PLC0415 (as in every command)

    settings = CloudSettings(data_dir=data_dir)
    left = forget_deleted(settings, iot_shadows(), iot_things(_policy()))
    say({f"open with {doer}": requests for doer, requests in left.items()}, as_json=as_json)


@contextmanager
def _serving_state() -> "Iterator[StateStore]":
    from cloud.config import CloudSettings  # noqa: PLC0415 (as in every command)
    from cloud.wiring.state import open_state  # noqa: PLC0415 (as in every command)

    settings = CloudSettings()
    if not settings.state:
        raise click.UsageError("CLOUD_STATE is not set: dynamodb:// and the stack's output State")
    with closing(open_state(settings)) as state:
        yield state


def _note(state: "StateStore", device_ids: Iterable[str], gateway_id: str | None = None) -> None:
    """Let devices be known."""
    from cloud import admission  # noqa: PLC0415 (as in every command)
    from cloud.ports.records import DeviceRecord  # noqa: PLC0415 (as in every command)

    for device_id in device_ids:
        admission.admit(state, DeviceRecord(device_id=device_id, gateway_id=gateway_id))


def _policy() -> str:
    from cloud.adapters.aws_account import POLICY  # noqa: PLC0415 (as in every command)

    return POLICY
