"""Behind a gateway: pointers to devices that are registered there, or were found, in a home or not yet."""

from collections.abc import Collection
from datetime import datetime

from cloud.ports.records import BEHIND, DeviceRecord, behind_sk, device_pk, gateway_pk
from cloud.ports.state import Delete, Put, StateStore, every


def place_behind(device: DeviceRecord, expires_at: datetime | None = None) -> list[Put]:
    """The pointer from the device's gateway, if it has one; for good, or until a moment (UTC)."""
    if device.gateway_id is None:
        return []
    return [Put(gateway_pk(device.gateway_id), behind_sk(device.device_id), {}, expires_at=expires_at)]


def leave_place(device: DeviceRecord) -> list[Delete]:
    """No pointer any more: the device has to be registered, or found, behind its gateway anew."""
    if device.gateway_id is None:
        return []
    return [Delete(gateway_pk(device.gateway_id), behind_sk(device.device_id))]


def behind(state: StateStore, gateway_id: str, but: Collection[str] = ()) -> list[DeviceRecord]:
    """The devices that are registered, or were found, behind a gateway, by id; but for some."""
    ids = [item.sk.removeprefix(BEHIND) for item in every(state, gateway_pk(gateway_id), BEHIND)]
    items = [state.get(device_pk(device_id), "device") for device_id in ids if device_id not in but]
    records = [DeviceRecord.model_validate(item.body) for item in items if item is not None]
    return [each for each in records if each.gateway_id == gateway_id]
