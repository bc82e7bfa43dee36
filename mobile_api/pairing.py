"""Pairing: devices and gateways come into a home by the code that they show, and leave nothing behind.

A device behind a gateway that is paired needs no code: the gateway is who vouches for it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import structlog

from cloud.errors import NotFoundError
from cloud.ports.behind import behind, leave_place, place_behind
from cloud.ports.deletion import DELETED_PK, deletion_writes, digest_of, is_being_deleted, scrub_write
from cloud.ports.records import (
    CLAIMS_PK,
    DEVICES_PK,
    ClaimRecord,
    DevicePointer,
    DeviceRecord,
    GatewayRecord,
    claim_pk,
    device_pk,
    gateway_pk,
    home_pk,
)
from cloud.ports.state import Delete, Item, Put, StateStore
from mobile_api.access import OwnedDevice, OwnedGateway, OwnedHome, Principal
from mobile_api.errors import StateConflictError
from mobile_api.tries import give_back_try, spend_try

MAX_DEVICES = 50
"""Devices of one home: bounds what one request may touch."""

MAX_GATEWAYS = 8
"""Gateways of one home."""

PRIVATE_ITEMS = ("preferences", "schedule", "advice", "plan", "advisor_state", "decision", "last_command")
"""What a device's partition knows of its people; what is written meanwhile, the advisor removes."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


def claim(
    state: StateStore, principal: Principal, home: OwnedHome, code: str, name: str | None
) -> DeviceRecord:
    """Pair the device that shows `code` with `home`; the code is used up.

    Raises:
        NotFoundError: No device shows this code.
        TooManyAttemptsError: Too many codes were wrong.
        StateConflictError: The device is in a home, what it said in its last one is being deleted, or the
            home is full.
        ConflictError: Somebody else claimed it, or changed the home, at the same moment.
    """
    claim_item, device_id = _find(state, principal, code, "device")
    device_item = state.get(device_pk(device_id), "device")
    if device_item is None:
        raise NotFoundError("claim code", code)
    device = DeviceRecord.model_validate(device_item.body)
    if device.home_id is not None:
        raise StateConflictError("the device is in a home already: delete it there first")
    return _pair(state, home, device_item, name, _used_up(claim_item, device_id))


def attach(state: StateStore, gateway: OwnedGateway, device_id: str, name: str | None) -> DeviceRecord:
    """Bring a device that is registered behind `gateway` into the gateway's home; again, it is renamed.

    Raises:
        NotFoundError: There is none behind this gateway, or it is in another home.
        StateConflictError: What it said in its last home is being deleted, or the home is full.
        ConflictError: It, or the home, was changed at the same moment.
    """
    item = state.get(device_pk(device_id), "device")
    record = None if item is None else DeviceRecord.model_validate(item.body)
    home_id = gateway.home.record.home_id
    behind_it = record is not None and record.gateway_id == gateway.record.gateway_id
    if item is None or record is None or not behind_it or record.home_id not in (None, home_id):
        raise NotFoundError("device", device_id)
    if record.home_id is None:
        return _pair(state, gateway.home, item, name, [])
    renamed = record.model_copy(update={"name": name or record.name})
    state.transact([Put(item.pk, item.sk, renamed.model_dump(mode="json"), item.version)])
    return renamed


def claim_gateway(state: StateStore, principal: Principal, home: OwnedHome, code: str) -> GatewayRecord:
    """Pair the gateway that shows `code` with `home`; the code is used up.

    Raises:
        NotFoundError: No gateway shows this code.
        TooManyAttemptsError: Too many codes were wrong.
        StateConflictError: The gateway is in a home, or the home is full.
        ConflictError: Somebody else claimed it, or changed the home, at the same moment.
    """
    claim_item, gateway_id = _find(state, principal, code, "gateway")
    item = state.get(gateway_pk(gateway_id), "gateway")
    if item is not None and item.body.get("home_id") is not None:
        raise StateConflictError("the gateway is in a home already: delete it there first")
    home_id, pk = home.record.home_id, home_pk(home.record.home_id)
    if len(state.query(pk, prefix="gateway#", limit=MAX_GATEWAYS)) >= MAX_GATEWAYS:
        raise StateConflictError(f"a home has at most {MAX_GATEWAYS} gateways")
    paired = GatewayRecord(gateway_id=gateway_id, home_id=home_id)
    version = 0 if item is None else item.version
    state.transact(
        [
            Put(gateway_pk(gateway_id), "gateway", paired.model_dump(mode="json"), version),
            Put(pk, f"gateway#{gateway_id}", {}),
            _unchanged(home),
            *_used_up(claim_item, gateway_id),
        ]
    )
    log.info("gateway_claimed", gateway_id=gateway_id, home_id=home_id)
    return paired


def waiting_behind(state: StateStore, gateway_id: str) -> list[DeviceRecord]:
    """The devices that are registered or were found behind a gateway and are in no home yet, by id."""
    return [each for each in behind(state, gateway_id) if each.home_id is None]


def forget_found(state: StateStore, gateway_id: str) -> None:
    """Forget what waits that a gateway has found: its next people shall not read what these call it.

    Raises:
        ConflictError: Something of it was let in at the same moment.
    """
    found = [each for each in waiting_behind(state, gateway_id) if each.source is not None]
    for each in found:
        item = state.get(device_pk(each.device_id), "device")
        version = None if item is None else item.version
        state.transact(
            [
                Delete(device_pk(each.device_id), "device", if_version=version),
                *leave_place(each),
                scrub_write(each.device_id),
            ]
        )


def release_gateway(state: StateStore, gateway: OwnedGateway) -> None:
    """Take a gateway out of its home; whoever reads a new code on it can claim it then.

    Raises:
        ConflictError: It was changed at the same moment.
    """
    gateway_id = gateway.record.gateway_id
    forget_found(state, gateway_id)
    state.transact(
        [
            Delete(gateway_pk(gateway_id), "gateway", if_version=gateway.version),
            Delete(home_pk(gateway.home.record.home_id), f"gateway#{gateway_id}"),
        ]
    )
    log.info("gateway_released", gateway_id=gateway_id)


def delete(state: StateStore, device: OwnedDevice, now: datetime) -> None:
    """Remove a device's records, and ask everybody else who keeps something of it to forget it.

    Raises:
        ConflictError: The device was changed at the same moment.
    """
    record = device.record
    pk = device_pk(record.device_id)
    commands = state.query(pk, prefix="command#", limit=MAX_DEVICES)
    state.transact(
        [
            Delete(pk, "device", if_version=device.version),
            Delete(DEVICES_PK, record.device_id),
            Delete(home_pk(device.home.record.home_id), f"device#{record.device_id}"),
            *(Delete(pk, sk) for sk in PRIVATE_ITEMS),
            *leave_place(record),
            Delete(CLAIMS_PK, record.device_id),
            *(Delete(pk, command.sk) for command in commands),
            *deletion_writes(record.device_id, now),
        ]
    )
    log.info("device_deleted")


def _pair(
    state: StateStore, home: OwnedHome, item: Item, name: str | None, writes: Sequence[Delete]
) -> DeviceRecord:
    device = DeviceRecord.model_validate(item.body)
    if is_being_deleted(state, device.device_id):
        raise StateConflictError("what the device said in its last home is being deleted: try again soon")
    home_id, pk = home.record.home_id, home_pk(home.record.home_id)
    if len(state.query(pk, prefix="device#", limit=MAX_DEVICES)) >= MAX_DEVICES:
        raise StateConflictError(f"a home has at most {MAX_DEVICES} devices")
    paired = device.model_copy(update={"home_id": home_id, "name": name or device.name or device.device_id})
    state.transact(
        [
            Put(item.pk, item.sk, paired.model_dump(mode="json"), item.version),
            Put(DEVICES_PK, device.device_id, DevicePointer(home_id=home_id).model_dump()),
            Put(pk, f"device#{device.device_id}", {}),
            *place_behind(device),  # what was found and waited would be forgotten in time
            _unchanged(home),
            Delete(DELETED_PK, digest_of(device.device_id)),
            *writes,
        ]
    )
    log.info("device_claimed", device_id=device.device_id, home_id=home_id)
    return paired


def _unchanged(home: OwnedHome) -> Put:
    """The home as it is; fails when it is deleted at the same moment."""
    body = home.record.model_dump(mode="json")
    return Put(home_pk(home.record.home_id), "home", body, if_version=home.version)


def _find(
    state: StateStore, principal: Principal, code: str, kind: Literal["device", "gateway"]
) -> tuple[Item, str]:
    """The claim with this code and the id that it stands for; a wrong code costs a try."""
    spend_try(principal.account_id)
    item = state.get(claim_pk(code), "claim")
    record = None if item is None else ClaimRecord.model_validate(item.body)
    if item is None or record is None or record.kind != kind:
        raise NotFoundError("claim code", code)
    give_back_try(principal.account_id)
    return item, record.device_id


def _used_up(claim_item: Item, claimed_id: str) -> list[Delete]:
    return [
        Delete(claim_item.pk, claim_item.sk, if_version=claim_item.version),
        Delete(CLAIMS_PK, claimed_id),
    ]
