"""One home can never see or move another: asked of every route that the app has."""

import re
from typing import TYPE_CHECKING

import pytest

from cloud.ports.records import PlanRecord, device_pk
from cloud.ports.state import Put
from mobile_api.app import all_operations
from mobile_api.operations import Operations

if TYPE_CHECKING:
    from tests.unit.mobile_api.conftest import Person, World

OUTSIDE_THE_LAYER = {"static", "show_description"}
"""Routes that serve the same bytes to everybody."""

PUBLIC = {
    *("create_own_account", "show_health", "show_readiness", "show_metrics", "show_start", "log_in"),
    *("ask_for_grant", "grant_access", "give_token", "revoke_token", "introspect_token"),
    *("start_device_grant", "ask_for_user_code", "enter_user_code"),
    *("show_authorization_server", "show_keys"),
    *("ask_for_password_reset", "choose_new_password", "confirm_own_email"),
    *("show_lost_password", "send_reset_link", "show_new_password", "set_new_password"),
    *("show_confirmation", "confirm_on_page"),
}
"""Routes that need nobody's leave; a new one has to be written here."""

BODIES: dict[str, object] = {
    "change_home": {"name": "x", "latitude_deg": 1.0, "longitude_deg": 1.0, "timezone": "UTC"},
    "create_home": {"name": "x", "latitude_deg": 1.0, "longitude_deg": 1.0, "timezone": "UTC"},
    "claim_device": {"code": "CODE-free", "home_id": "<home_id>"},
    "change_preferences": {},
    "send_command": {"setpoint_c": 25.0},
    "give_feedback": {"kind": "too_hot"},
}
"""A good body of each route that takes one, so that nothing but the check can refuse it."""


@pytest.fixture
def owner(world: "World") -> "Person":
    return world.sign_up()


@pytest.fixture
def ids(world: "World", owner: "Person") -> dict[str, str]:
    """Everything of the owner's that a path can name."""
    device_id = world.device_of(owner)
    advice = world.advise(device_id)
    plan = PlanRecord(advice_id=advice.advice_id, made_at=world.clock.at, steps=())
    world.state.transact([Put(device_pk(device_id), "plan", plan.model_dump(mode="json"))])
    world.show_code("free", "CODE-free")
    command = owner.post(f"/v1/devices/{device_id}/commands", json={"setpoint_c": 25.0}).json
    return {
        "home_id": owner.get("/v1/homes").json["items"][0]["home_id"],
        "device_id": device_id,
        "advice_id": advice.advice_id,
        "command_id": command["command_id"],
        "verdict": "dismiss",
    }


def _filled(path: str, ids: dict[str, str]) -> str:
    return re.sub(r"<(?:[^<>:]+:)?(\w+)>", lambda found: ids[found[1]], path)


def _body(name: str, ids: dict[str, str]) -> dict[str, object]:
    if name == "feel_on_page":
        return {"data": {"kind": "too_hot"}}
    if name not in BODIES:
        return {}
    body = BODIES[name]
    if name == "claim_device":
        body = {"code": "CODE-free", "home_id": ids["home_id"]}
    return {"json": body}


def test_every_route_goes_through_the_layer(world: "World") -> None:
    known = {operation.name for operation in all_operations()} | OUTSIDE_THE_LAYER

    assert {rule.endpoint for rule in world.app.url_map.iter_rules()} == known


def test_only_the_listed_routes_are_public() -> None:
    assert {operation.name for operation in all_operations() if operation.public} == PUBLIC


@pytest.mark.parametrize("name", sorted({o.name for o in all_operations()} - PUBLIC))
def test_nobody_gets_nothing_without_signing_in(world: "World", ids: dict[str, str], name: str) -> None:
    operation = next(operation for operation in all_operations() if operation.name == name)

    answer = world.nobody().call(operation.method, _filled(operation.path, ids), **_body(name, ids))

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


GUARDED = sorted(o.name for o in all_operations() if o.guards or o.name == "claim_device")


@pytest.mark.parametrize("name", GUARDED)
def test_anothers_things_do_not_exist(
    world: "World", owner: "Person", ids: dict[str, str], name: str
) -> None:
    stranger = world.sign_up()
    world.home_of(stranger)
    operation = next(operation for operation in all_operations() if operation.name == name)
    path, body = _filled(operation.path, ids), _body(name, ids)
    before, inbox = owner.get("/v1/homes").json, world.inbox()
    device, advice = owner.get("/v1/devices/dev-1").json, owner.get("/v1/devices/dev-1/recommendation").json

    refused = stranger.call(operation.method, path, **body)

    assert refused.status_code == 404
    assert owner.get("/v1/homes").json == before
    assert owner.get("/v1/devices/dev-1").json == device
    assert owner.get("/v1/devices/dev-1/recommendation").json == advice
    assert world.inbox() == inbox
    allowed = owner.call(operation.method, path, **body)  # the owner's same request is good
    assert allowed.status_code < 400, allowed.text


@pytest.mark.parametrize("name", GUARDED)
def test_anothers_things_are_answered_like_unknown_ones(
    world: "World", ids: dict[str, str], name: str
) -> None:
    stranger = world.sign_up()
    operation = next(operation for operation in all_operations() if operation.name == name)
    unknown = {**ids, "home_id": "nope", "device_id": "nope", "advice_id": "nope"}

    theirs = stranger.call(operation.method, _filled(operation.path, ids), **_body(name, ids))
    nobodys = stranger.call(operation.method, _filled(operation.path, unknown), **_body(name, unknown))

    assert nobodys.status_code == theirs.status_code == 404
    assert set(nobodys.json) == set(theirs.json)


def test_lists_hold_only_ones_own(world: "World", ids: dict[str, str]) -> None:
    stranger = world.sign_up()

    assert stranger.get("/v1/homes").json == {"items": []}
    assert stranger.get("/v1/devices").json == {"items": []}
    assert ids["device_id"] not in stranger.get("/", headers={"Accept": "text/html"}).text


def test_a_device_outside_any_home_is_nobodys(world: "World", owner: "Person") -> None:
    world.show_code("free", "CODE-free")

    assert owner.get("/v1/devices/free").status_code == 404


def test_a_route_whose_path_nobody_checks_is_refused_when_it_is_written() -> None:
    def view() -> None:
        """Never called."""

    for path in ("/v1/gateways/<gateway_id>", "/v1/x/<command_id>", "/v1/x/<verdict>"):
        with pytest.raises(TypeError, match="nobody checks"):
            Operations("test").get(path)(view)


def test_a_route_to_somebodys_things_cannot_be_public() -> None:
    def view() -> None:
        """Never called."""

    with pytest.raises(TypeError, match="nobody checks"):
        Operations("test").get("/v1/homes/<home_id>", public=True)(view)
