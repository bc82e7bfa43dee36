"""Gateways of a home: one comes in by its code, what is behind it is let into the home, it leaves."""

from flask import Response, url_for

from cloud.errors import NotFoundError
from cloud.ports.records import home_pk
from cloud.ports.state import every
from edge.contract import DeviceId
from mobile_api.access import RIGHTS, OwnedGateway, OwnedHome, Principal, owned_device, owned_gateway
from mobile_api.errors import StateConflictError
from mobile_api.gateways import (
    Attachment,
    GatewayClaim,
    GatewayView,
    attach_device,
    claim_own_gateway,
    delete_gateway,
    view,
)
from mobile_api.operations import Operations
from mobile_api.pages.forms import Refusal, done, entered, page, read, tried
from mobile_api.services import services

operations = Operations("pages")


@operations.get("/homes/<home_id>/gateways", right="set_up", documented=False)
def show_gateways(home: OwnedHome, principal: Principal) -> Response:
    """The gateways of a home, and what waits behind them."""
    return _gateways(home, principal)


@operations.post("/homes/<home_id>/gateways", documented=False)
def pair_gateway_on_page(home: OwnedHome, principal: Principal) -> Response:
    """Bring a gateway into the home by its code."""
    refusal = tried(
        lambda: claim_own_gateway(
            principal, read(GatewayClaim, {"code": entered("code"), "home_id": home.record.home_id})
        ),
        {NotFoundError: "gateways.unknown", StateConflictError: "gateways.conflict"},
    )
    return _back(home) if refusal is None else _gateways(home, principal, refusal)


@operations.post("/gateways/<gateway_id>/devices/<attached_id>", documented=False)
def attach_on_page(gateway: OwnedGateway, principal: Principal, attached_id: str) -> Response:
    """Let a device behind the gateway into the home."""
    refusal = tried(
        lambda: attach_device(
            gateway, principal, attached_id, read(Attachment, {"name": entered("name") or None})
        ),
        {NotFoundError: "gateways.gone", StateConflictError: "pair.conflict"},
    )
    return _back(gateway.home) if refusal is None else _gateways(gateway.home, principal, refusal)


@operations.post("/gateways/<gateway_id>/delete", right="own", documented=False)
def delete_gateway_on_page(gateway: OwnedGateway, principal: Principal) -> Response:
    """Take a gateway and the devices behind it out of the home; the box says that it is meant."""
    if entered("sure") != "yes":
        refusal = Refusal(422, "", (gateway.record.gateway_id,))
        return _gateways(gateway.home, principal, refusal)
    delete_gateway(gateway, principal)
    return _back(gateway.home)


def _back(home: OwnedHome) -> Response:
    return done(url_for("show_gateways", home_id=home.record.home_id))


def _gateways(home: OwnedHome, principal: Principal, refusal: Refusal | None = None) -> Response:
    shown = _views(home, principal)
    names = {device_id: _name(principal, device_id) for each in shown for device_id in each.device_ids}
    return page(
        "gateways.html",
        refusal,
        home=home.record,
        rights=RIGHTS[home.role],
        gateways=shown,
        names=names,
    )


def _views(home: OwnedHome, principal: Principal) -> list[GatewayView]:
    pointers = every(services().state, home_pk(home.record.home_id), "gateway#")
    ids = [pointer.sk.removeprefix("gateway#") for pointer in pointers]
    return [view(principal, owned_gateway(principal, gateway_id)) for gateway_id in ids]


def _name(principal: Principal, device_id: DeviceId) -> str:
    record = owned_device(principal, device_id).record
    return record.name or record.device_id
