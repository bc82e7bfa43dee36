"""Pairing: a device comes into a home by the code that it shows, and leaves it with nothing left behind."""

from datetime import datetime

import structlog

from cloud.errors import NotFoundError
from cloud.ports.deletion import DELETED_PK, deletion_writes, digest_of, is_being_deleted
from cloud.ports.records import DEVICES_PK, ClaimRecord, DevicePointer, DeviceRecord, device_pk, home_pk
from cloud.ports.state import Delete, Item, Put, StateStore
from mobile_api.access import OwnedDevice, OwnedHome
from mobile_api.errors import StateConflictError

MAX_DEVICES = 50
"""Devices of one home: bounds what one request may touch."""

PRIVATE_ITEMS = ("preferences", "advice", "plan", "advisor_state", "decision", "last_command")
"""What a device's partition knows of its people; what is written meanwhile, the advisor removes."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


def claim(state: StateStore, home: OwnedHome, code: str, name: str | None) -> DeviceRecord:
    """Pair the device that shows `code` with `home`; the code is used up.

    Raises:
        NotFoundError: No device shows this code.
        StateConflictError: The device is in a home, what it said in its last one is being deleted, or the
            home is full.
        ConflictError: Somebody else claimed it, or changed the home, at the same moment.
    """
    claim_item, device_item = _find(state, code)
    device = DeviceRecord.model_validate(device_item.body)
    if device.home_id is not None:
        raise StateConflictError("the device is in a home already: delete it there first")
    if is_being_deleted(state, device.device_id):
        raise StateConflictError("what the device said in its last home is being deleted: try again soon")
    home_id, pk = home.record.home_id, home_pk(home.record.home_id)
    if len(state.query(pk, prefix="device#", limit=MAX_DEVICES)) >= MAX_DEVICES:
        raise StateConflictError(f"a home has at most {MAX_DEVICES} devices")
    paired = device.model_copy(update={"home_id": home_id, "name": name or device.name or device.device_id})
    state.transact(
        [
            Put(device_pk(device.device_id), "device", paired.model_dump(mode="json"), device_item.version),
            Put(DEVICES_PK, device.device_id, DevicePointer(home_id=home_id).model_dump()),
            Put(pk, f"device#{device.device_id}", {}),
            # Written as it is, only to fail when the home is deleted at the same moment.
            Put(pk, "home", home.record.model_dump(mode="json"), if_version=home.version),
            Delete(claim_item.pk, claim_item.sk, if_version=claim_item.version),
            Delete(DELETED_PK, digest_of(device.device_id)),
        ]
    )
    log.info("device_claimed", device_id=device.device_id, home_id=home_id)
    return paired


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
            *(Delete(pk, command.sk) for command in commands),
            *deletion_writes(record.device_id, now),
        ]
    )
    log.info("device_deleted")


def _find(state: StateStore, code: str) -> tuple[Item, Item]:
    claim_item = state.get(f"claim#{code}", "claim")
    if claim_item is None:
        raise NotFoundError("claim code", code)
    device_id = ClaimRecord.model_validate(claim_item.body).device_id
    device_item = state.get(device_pk(device_id), "device")
    if device_item is None:
        raise NotFoundError("claim code", code)
    return claim_item, device_item
