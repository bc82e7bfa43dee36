"""Gateways: claim one, bring the devices behind it into the home, release it."""

from typing import Annotated

from pydantic import Field, StringConstraints

from cloud.errors import NotFoundError
from cloud.ports.records import home_pk
from cloud.ports.state import every
from edge.contract import DeviceId
from mobile_api.access import OwnedGateway, Principal, owned_device, owned_gateway, owned_home
from mobile_api.devices import DeviceView
from mobile_api.devices import view as device_view
from mobile_api.operations import Answer, Body, Operations, Shown
from mobile_api.pairing import attach, claim_gateway, delete, release_gateway, waiting_behind
from mobile_api.services import services

operations = Operations("gateways")


class GatewayClaim(Body):
    """The code that a gateway shows, and the home that it shall be in."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    home_id: str


class Attachment(Body):
    """What the device behind the gateway is called."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None


class GatewayView(Shown):
    """A gateway, as its people see it."""

    gateway_id: DeviceId
    home_id: str
    device_ids: list[DeviceId]
    waiting_ids: list[DeviceId] = Field(
        description="Registered or found behind it and in no home yet: `PUT .../devices/{device_id}` brings"
        " one in, and only then is anything that it says kept."
    )
    waiting_names: dict[DeviceId, str] = Field(description="What those call themselves that it found.")


@operations.post("/v1/gateways/claim", status=201, errors=(404, 409, 429))
def claim_own_gateway(principal: Principal, body: GatewayClaim) -> Answer[GatewayView]:
    """Bring a gateway into a home by the code that it shows; its devices follow one by one.

    404 when no gateway shows this code or the home is not yours, 409 when it is in a home already, 429 after
    five wrong codes in ten minutes.
    """
    home = owned_home(principal, body.home_id)
    record = claim_gateway(services().state, principal, home, body.code)
    gateway = owned_gateway(principal, record.gateway_id)
    return Answer(view(principal, gateway), f"/v1/gateways/{record.gateway_id}")


@operations.get("/v1/gateways/<gateway_id>")
def show_gateway(gateway: OwnedGateway, principal: Principal) -> GatewayView:
    """A gateway with the devices of the home that are behind it."""
    return view(principal, gateway)


@operations.delete("/v1/gateways/<gateway_id>", right="own", errors=(409,))
def delete_gateway(gateway: OwnedGateway, principal: Principal) -> None:
    """Take a gateway out of the home; devices behind it are deleted with all that they have said."""
    use = services()
    for device_id in view(principal, gateway).device_ids:
        delete(use.state, owned_device(principal, device_id), use.now())
    release_gateway(use.state, gateway)


@operations.put("/v1/gateways/<gateway_id>/devices/<attached_id>", errors=(409,))
def attach_device(
    gateway: OwnedGateway, principal: Principal, attached_id: str, body: Attachment | None
) -> DeviceView:
    """Bring a device that is registered behind the gateway into its home, or rename it.

    404 when no such device is registered behind this gateway.
    """
    record = attach(services().state, gateway, attached_id, None if body is None else body.name)
    return device_view(owned_device(principal, record.device_id))


@operations.delete("/v1/gateways/<gateway_id>/devices/<attached_id>", right="own", errors=(409,))
def detach_device(gateway: OwnedGateway, principal: Principal, attached_id: str) -> None:
    """Delete a device behind the gateway, as `DELETE /v1/devices/{device_id}` does."""
    use = services()
    device = owned_device(principal, attached_id)
    if device.record.gateway_id != gateway.record.gateway_id:
        raise NotFoundError("device", attached_id)
    delete(use.state, device, use.now())


def view(principal: Principal, gateway: OwnedGateway) -> GatewayView:
    """A gateway with what is behind it."""
    home_id = gateway.home.record.home_id
    pointers = every(services().state, home_pk(home_id), "device#")
    devices = (owned_device(principal, pointer.sk.removeprefix("device#")).record for pointer in pointers)
    behind = [each.device_id for each in devices if each.gateway_id == gateway.record.gateway_id]
    waiting = waiting_behind(services().state, gateway.record.gateway_id)
    return GatewayView(
        gateway_id=gateway.record.gateway_id,
        home_id=home_id,
        device_ids=behind,
        waiting_ids=[each.device_id for each in waiting],
        waiting_names={each.device_id: each.name for each in waiting if each.name},
    )
