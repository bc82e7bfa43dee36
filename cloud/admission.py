"""Admission: the record of a device that may speak, though nobody has paired it yet."""

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
        body = device.model_dump(mode="json")
        store.transact([Put(device_pk(device.device_id), "device", body, if_version=ABSENT)])
    elif device.modes is not None:
        body = {**item.body, "modes": list(device.modes)}
        store.transact([Put(item.pk, item.sk, body, if_version=item.version)])
