"""One home can never see or move another: asked of every route that the app has."""

import re
from typing import TYPE_CHECKING

import pytest

from cloud.ports.records import PlanRecord, device_pk
from cloud.ports.state import Put
from mobile_api.app import all_operations
from mobile_api.operations import Operations
from tests.unit.mobile_api.conftest import HOME

if TYPE_CHECKING:
    from tests.unit.mobile_api.conftest import MakeWorld, Person, World

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
    *("show_sign_up", "sign_up_on_page", "show_service_worker", "show_offline"),
    *("answer_alexa_directive", "answer_alexa_skill", "answer_google"),
}
"""Routes that need nobody's leave; a new one has to be written here."""

BODIES: dict[str, object] = {
    "change_home": {
        "name": "x",
        "latitude_deg": 1.0,
        "longitude_deg": 1.0,
        "timezone": "UTC",
        "share_phone_presence": True,
    },
    "create_home": {"name": "x", "latitude_deg": 1.0, "longitude_deg": 1.0, "timezone": "UTC"},
    "claim_device": {"code": "CODE-free", "home_id": "<home_id>"},
    "claim_own_gateway": {"code": "CODE-gw-free", "home_id": "<home_id>"},
    "change_preferences": {},
    "change_schedule": {"entries": [{"days": ["mon"], "at": "07:00", "setpoint_c": 24.0}]},
    "say_presence": {"at_home": True},
    "invite": {"role": "guest"},
    "change_member": {"role": "guest"},
    "accept_invitation": {"code": "none"},
    "send_command": {"setpoint_c": 25.0},
    "give_feedback": {"kind": "too_hot"},
}
"""A good body of each route that takes one, so that nothing but the check can refuse it."""


PLACE = {"name": "x", "latitude_deg": "1", "longitude_deg": "1", "timezone": "Europe/Rome", "currency": "EUR"}
FORMS: dict[str, dict[str, str]] = {
    "feel_on_page": {"kind": "too_hot"},
    "pair_on_page": {"code": "CODE-page"},
    "change_home_on_page": {**PLACE, "tariff_per_kwh": "0.3"},
    "change_consents": {"share_phone_presence": "yes"},
    "delete_home_on_page": {"sure": "yes"},
    "delete_device_on_page": {"sure": "yes"},
    "invite_on_page": {"role": "guest"},
    "change_member_on_page": {"role": "guest"},
    "change_preferences_on_page": {
        "autonomy": "auto",
        "comfort_or_savings": "savings",
        "min_setpoint_c": "20",
        "max_setpoint_c": "28",
    },
    "pair_gateway_on_page": {"code": "CODE-gw-page"},
    "delete_gateway_on_page": {"sure": "yes"},
    "say_presence_on_page": {"at_home": "yes"},
    "set_by_hand": {"setpoint_c": "25"},
    "add_to_schedule": {"days": "mon", "at": "07:00", "setpoint_c": "24"},
}
"""The same of each form on a page."""


@pytest.fixture
def owner(world: "World") -> "Person":
    return world.sign_up()


@pytest.fixture
def ids(world: "World", owner: "Person") -> dict[str, str]:
    return _everything_of(world, owner)


@pytest.fixture(scope="module")
def closed(make_world: "MakeWorld") -> tuple["World", dict[str, str]]:
    """A world for those who may do nothing there, so that all of them can ask in the same one."""
    world = make_world(rate_per_minute=1_000_000, anonymous_rate_per_minute=1_000_000)
    return world, _everything_of(world, world.sign_up())


@pytest.fixture(scope="module")
def outsider(closed: tuple["World", dict[str, str]]) -> "Person":
    return closed[0].sign_up()


def _everything_of(world: "World", owner: "Person") -> dict[str, str]:
    """Everything of the owner's that a path can name."""
    device_id = world.device_of(owner)
    advice = world.advise(device_id)
    plan = PlanRecord(advice_id=advice.advice_id, made_at=world.clock.at, steps=())
    world.state.transact([Put(device_pk(device_id), "plan", plan.model_dump(mode="json"))])
    world.show_code("free", "CODE-free")
    world.show_code("free-too", "CODE-page")
    world.show_gateway_code("gw-free", "CODE-gw-free")
    world.show_gateway_code("gw-free-too", "CODE-gw-page")
    home_id = owner.get("/v1/homes").json["items"][0]["home_id"]
    owner.put(f"/v1/homes/{home_id}", json={**HOME, "share_phone_presence": True})
    gateway_id = world.gateway_of(owner, home_id)
    world.register_behind(gateway_id, "behind")
    owner.put(f"/v1/gateways/{gateway_id}/devices/behind")
    member = world.join(owner, home_id, "member")
    invited = owner.post(f"/v1/homes/{home_id}/invitations", json={"role": "guest"}).json
    command = owner.post(f"/v1/devices/{device_id}/commands", json={"setpoint_c": 25.0}).json
    return {
        "home_id": home_id,
        "gateway_id": gateway_id,
        "attached_id": "behind",
        "member_id": member.get("/v1/accounts/me").json["account_id"],
        "invitation_id": invited["invitation_id"],
        "device_id": device_id,
        "advice_id": advice.advice_id,
        "command_id": command["command_id"],
        "verdict": "dismiss",
        "letter_id": "0" * 32,
    }


def _stored(world: "World") -> dict[tuple[str, str], object]:
    return {key: row.body for key, row in world.state._rows.items()}


def _filled(path: str, ids: dict[str, str]) -> str:
    return re.sub(r"<(?:[^<>:]+:)?(\w+)>", lambda found: ids[found[1]], path)


def _body(name: str, ids: dict[str, str]) -> dict[str, object]:
    if name in FORMS:
        return {"data": FORMS[name]}
    if name not in BODIES:
        return {}
    body = BODIES[name]
    if isinstance(body, dict) and "home_id" in body:
        body = {**body, "home_id": ids["home_id"]}
    return {"json": body}


def test_every_route_goes_through_the_layer(world: "World") -> None:
    known = {operation.name for operation in all_operations()} | OUTSIDE_THE_LAYER

    assert {rule.endpoint for rule in world.app.url_map.iter_rules()} == known


def test_only_the_listed_routes_are_public() -> None:
    assert {operation.name for operation in all_operations() if operation.public} == PUBLIC


@pytest.mark.parametrize("name", sorted({o.name for o in all_operations()} - PUBLIC))
def test_nobody_gets_nothing_without_signing_in(closed: tuple["World", dict[str, str]], name: str) -> None:
    world, ids = closed
    before = _stored(world)
    operation = next(operation for operation in all_operations() if operation.name == name)

    answer = world.nobody().call(operation.method, _filled(operation.path, ids), **_body(name, ids))

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert _stored(world) == before


CLAIMS = {"claim_device", "claim_own_gateway"}
GUARDED = sorted(o.name for o in all_operations() if o.guards or o.name in CLAIMS)

FOR_OWNERS = {
    *("delete_home", "export_home", "delete_device", "delete_gateway", "detach_device"),
    *("change_member", "remove_member", "invite", "list_invitations", "withdraw_invitation"),
    *("change_member_on_page", "remove_member_on_page", "invite_on_page", "withdraw_on_page"),
    *("show_privacy", "change_consents", "delete_home_on_page", "delete_device_on_page"),
    "delete_gateway_on_page",
}
"""What only the owner of a home may do; `remove_member` here sends somebody else away."""

FOR_GUESTS = {
    *("show_home", "list_members", "show_device", "show_gateway", "show_recommendation", "show_plan"),
    *("show_preferences", "show_schedule", "show_device_page", "show_live", "show_command"),
    *("answer_recommendation", "answer_on_page", "give_feedback", "feel_on_page", "send_command"),
    *("show_plan_part", "show_people", "set_by_hand"),
}
"""What a guest may do; a new route is not for guests unless it is written here."""


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
    closed: tuple["World", dict[str, str]], outsider: "Person", name: str
) -> None:
    world, ids = closed
    before = _stored(world)
    operation = next(operation for operation in all_operations() if operation.name == name)
    names = ("home_id", "device_id", "gateway_id", "advice_id", "attached_id", "member_id", "invitation_id")
    unknown = {**ids, **dict.fromkeys(names, "nope")}

    theirs = outsider.call(operation.method, _filled(operation.path, ids), **_body(name, ids))
    nobodys = outsider.call(operation.method, _filled(operation.path, unknown), **_body(name, unknown))

    assert nobodys.status_code == theirs.status_code == 404
    assert set(nobodys.json) == set(theirs.json)
    assert _stored(world) == before


@pytest.mark.parametrize("role", ["member", "guest"])
def test_each_role_may_do_what_is_written_for_it(
    world: "World", owner: "Person", ids: dict[str, str], role: str
) -> None:
    """What a role may not do changes nothing, so that all of it can be asked in one home, before the rest."""
    person = world.join(owner, ids["home_id"], role)
    refused = FOR_OWNERS if role == "member" else set(GUARDED) - FOR_GUESTS
    before = owner.get("/v1/homes").json

    def ask(name: str) -> int:
        operation = next(operation for operation in all_operations() if operation.name == name)
        path = _filled(operation.path, ids)
        status: int = person.call(operation.method, path, **_body(name, ids)).status_code
        return status

    assert {name: ask(name) for name in sorted(refused)} == dict.fromkeys(sorted(refused), 403)
    assert owner.get("/v1/homes").json == before
    allowed = sorted(set(GUARDED) - refused)
    assert [name for name in allowed if ask(name) >= 400] == []


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

    for path in ("/v1/rooms/<room_id>", "/v1/x/<command_id>", "/v1/x/<verdict>", "/v1/x/<member_id>"):
        with pytest.raises(TypeError, match="nobody checks"):
            Operations("test").get(path)(view)


def test_a_route_to_somebodys_things_cannot_be_public() -> None:
    def view() -> None:
        """Never called."""

    with pytest.raises(TypeError, match="nobody checks"):
        Operations("test").get("/v1/homes/<home_id>", public=True)(view)
