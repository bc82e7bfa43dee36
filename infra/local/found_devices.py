"""What the gateway has found and its people have let in gets its place behind it, as if it had been added."""

from collections.abc import Collection

import structlog
from pydantic import ValidationError

from cloud.ports.behind import behind
from cloud.ports.state import StateStore
from edge.dialects.dialect import Source
from infra.local.errors import DeviceNameError
from infra.local.identities import GATEWAY_ID, IdentityFile

log = structlog.get_logger()


def let_in(state: StateStore, identities: IdentityFile, known: Collection[str]) -> None:
    """Make logins for those whose people have let them in; the gateway hears of them like of any other.

    Args:
        state: Knows what was found, and in whose home it is.
        identities: Where logins are.
        known: Who is behind the gateway already.

    Raises:
        UnavailableError: The serving state does not answer.
    """
    for device in behind(state, GATEWAY_ID, but=known):
        if device.source is None or device.home_id is None:
            continue
        try:
            source = str(Source.model_validate(device.source))
            identities.require_admissible([device.device_id], behind_gateway=True)
        except (ValidationError, DeviceNameError):
            log.warning("device_not_let_in", device_id=device.device_id)
        else:
            identities.add_devices([device.device_id], behind_gateway=True, sources=(source,))
            log.info("device_let_in", device_id=device.device_id)
