"""What the gateway has found and its people have let in gets its place behind it, as if it had been added."""

from collections.abc import Collection

import structlog
from pydantic import ValidationError

from cloud.ports.records import BEHIND, DeviceRecord, device_pk, gateway_pk
from cloud.ports.state import StateStore, every
from edge.dialects.dialect import Source
from infra.local.errors import DeviceNameError
from infra.local.identities import GATEWAY_ID, IdentityFile

log = structlog.get_logger()


def let_in(state: StateStore, identities: IdentityFile, behind: Collection[str]) -> None:
    """Make logins for those whose people have let them in; the gateway hears of them like of any other.

    Args:
        state: Knows what was found, and in whose home it is.
        identities: Where logins are.
        behind: Who is behind the gateway already.

    Raises:
        UnavailableError: The serving state does not answer.
    """
    for device in _found(state, behind):
        try:
            source = str(Source.model_validate(device.source))
            identities.require_admissible([device.device_id], behind_gateway=True)
        except (ValidationError, DeviceNameError):
            log.warning("device_not_let_in", device_id=device.device_id)
        else:
            identities.add_devices([device.device_id], behind_gateway=True, sources=(source,))
            log.info("device_let_in", device_id=device.device_id)


def _found(state: StateStore, behind: Collection[str]) -> list[DeviceRecord]:
    """Those of the gateway that are in a home, and not behind it yet."""
    all_of_it = (item.sk.removeprefix(BEHIND) for item in every(state, gateway_pk(GATEWAY_ID), BEHIND))
    items = [state.get(device_pk(each), "device") for each in all_of_it if each not in behind]
    records = [DeviceRecord.model_validate(item.body) for item in items if item is not None]
    return [
        each
        for each in records
        if each.source is not None and each.home_id is not None and each.gateway_id == GATEWAY_ID
    ]
