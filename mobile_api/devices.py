"""Devices: claim them, see them, delete them."""

from typing import Annotated

from pydantic import AwareDatetime, Field, StringConstraints

from edge.contract import ChangedBy, DeviceId, Fan, Mode, Telemetry
from mobile_api.access import OwnedDevice, Principal, owned_device, owned_devices, owned_home
from mobile_api.cursors import part_of
from mobile_api.operations import Answer, Body, Operations, Page, Paging, Shown
from mobile_api.pairing import claim, delete
from mobile_api.services import services

operations = Operations("devices")


class DeviceClaim(Body):
    """The code that a device shows, and the home that it shall be in."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    home_id: str
    name: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None


class LatestReading(Shown):
    """What the device reported last."""

    sampled_at: AwareDatetime
    mode: Mode
    setpoint_c: float | None
    changed_by: ChangedBy | None = Field(description="Who chose the setpoint in force.")
    indoor_dry_bulb_c: float | None
    indoor_rh_pct: float | None
    outdoor_dry_bulb_c: float | None
    electric_power_w: float | None
    energy_total_kwh: float | None
    fan: Fan | None


class DeviceView(Shown):
    """A device, as its people see it."""

    device_id: DeviceId
    home_id: str
    name: str
    gateway_id: DeviceId | None
    habit_setpoint_c: float | None
    nameplate_w: float | None
    inverter: bool | None
    latest: LatestReading | None = Field(description="Null before its first reading.")


class DeviceList(Shown):
    """The devices of an account."""

    items: list[DeviceView]


@operations.post("/v1/devices/claim", status=201, errors=(404, 409, 429))
def claim_device(principal: Principal, body: DeviceClaim) -> Answer[DeviceView]:
    """Bring a device into a home by the code that it shows.

    404 when no device shows this code or the home is not yours, 409 when the device is in a home already, or
    was deleted from one and what it said there is not all gone yet, 429 after five wrong codes.
    """
    state = services().state
    claimed = claim(state, principal, owned_home(principal, body.home_id), body.code, body.name)
    return Answer(view(owned_device(principal, claimed.device_id)), f"/v1/devices/{claimed.device_id}")


@operations.get("/v1/devices")
def list_devices(principal: Principal, query: Paging, after: str) -> Page[DeviceList]:
    """The devices in all homes of the account, by id."""
    devices, following = part_of(
        owned_devices(principal), lambda device: device.record.device_id, after, query.limit
    )
    return Page(DeviceList(items=[view(device) for device in devices]), following)


@operations.get("/v1/devices/<device_id>")
def show_device(device: OwnedDevice) -> DeviceView:
    """One device, with what it reported last."""
    return view(device)


@operations.delete("/v1/devices/<device_id>", right="own", errors=(409,))
def delete_device(device: OwnedDevice) -> None:
    """Delete a device with all that it has said and that was learnt of it; it is not let in any more.

    What others keep of it goes within about a minute. Registered anew, it can be claimed again after that.
    """
    use = services()
    delete(use.state, device, use.now())


def view(device: OwnedDevice) -> DeviceView:
    """A device with its newest reading."""
    newest = services().readings.latest(device.record.device_id)
    record = device.record
    return DeviceView(
        device_id=record.device_id,
        home_id=device.home.record.home_id,
        name=record.name or record.device_id,
        gateway_id=record.gateway_id,
        habit_setpoint_c=record.habit_setpoint_c,
        nameplate_w=record.nameplate_w,
        inverter=record.inverter,
        latest=None if newest is None else _latest(newest),
    )


def _latest(reading: Telemetry) -> LatestReading:
    return LatestReading(**reading.model_dump(include=set(LatestReading.model_fields)))
