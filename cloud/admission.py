"""Admission: the record of a device that may speak, though nobody has paired it yet."""

from datetime import datetime

from cloud.ports.behind import place_behind
from cloud.ports.records import DeviceRecord, device_pk
from cloud.ports.state import ABSENT, Put, StateStore


def admit(store: StateStore, device: DeviceRecord) -> None:
    """Have a device known; one that is known stays what it is, but for what is said that it can do.

    Raises:
        ConflictError: It was changed at the same moment; admit it again.
        UnavailableError: The serving state does not answer.
    """
    item = store.get(device_pk(device.device_id), "device")
    if item is None:
        store.transact(first_writes(device))
    else:  # one of an earlier version has no place behind its gateway yet
        modes = {} if device.modes is None else {"modes": list(device.modes)}
        known = Put(item.pk, item.sk, {**item.body, **modes}, if_version=item.version)
        store.transact([known, *place_behind(device)])


def first_writes(
    device: DeviceRecord, expires_at: datetime | None = None, if_version: int = ABSENT
) -> list[Put]:
    """A device that is let in for the first time; behind a gateway it can be found there by its people.

    Args:
        device: What is known of it.
        expires_at: When it is forgotten unless somebody lets it in before (UTC); None: never.
        if_version: What is there now; by default nothing is.
    """
    body = device.model_dump(mode="json")
    record = Put(device_pk(device.device_id), "device", body, if_version, expires_at)
    return [record, *place_behind(device, expires_at)]
