"""What people do with a home's devices by forms: gateways, by hand, and whether they are in."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from cloud.ports.deletion import was_deleted
from cloud.ports.records import gateway_pk
from cloud.ports.telemetry import IngestCommit
from edge.contract import Event

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.unit.mobile_api.conftest import Person, World

EMAIL, PASSWORD = "ann@example.org", "a long enough one"
HTML = {"Accept": "text/html"}


@pytest.fixture
def ann(world: "World") -> "Person":
    person = world.sign_up(EMAIL)
    world.device_of(person)
    world.report("dev-1", world.clock.at)
    return person


@pytest.fixture
def browser(world: "World", ann: "Person") -> "FlaskClient":
    return _browser(world, EMAIL)


@pytest.fixture
def home_id(ann: "Person") -> str:
    found: str = ann.get("/v1/homes").json["items"][0]["home_id"]
    return found


def _browser(world: "World", email: str) -> "FlaskClient":
    client = world.app.test_client()
    assert client.post("/login", data={"email": email, "password": PASSWORD}).status_code == 303
    return client


def test_a_gateway_comes_in_by_its_code_and_what_it_has_found_is_let_in(
    world: "World", ann: "Person", browser: "FlaskClient", home_id: str
) -> None:
    world.show_gateway_code("gw-1", "ABCD2345")
    for device_id in ("behind-1", "behind-2"):
        world.register_behind("gw-1", device_id)
    path = f"/homes/{home_id}/gateways"
    assert "No gateway in this home" in browser.get(path).text

    assert browser.post(path, data={"code": "abcd 2345"}).headers["Location"] == path
    assert ann.get("/v1/gateways/gw-1").json["waiting_ids"] == ["behind-1", "behind-2"]
    assert 'aria-label="Let behind-2 in"' in browser.get(path).text
    let_in = browser.post("/gateways/gw-1/devices/behind-1", data={"name": "Bedroom"})

    assert let_in.headers["Location"] == path
    page = browser.get(path).text
    assert '<a class="who" href="/devices/behind-1">Bedroom</a>' in page
    assert 'aria-label="Let behind-1 in"' not in page
    shown = ann.get("/v1/gateways/gw-1").json
    assert (shown["device_ids"], shown["waiting_ids"]) == (["behind-1"], ["behind-2"])


def test_a_wrong_code_of_a_gateway_says_what_to_do(browser: "FlaskClient", home_id: str) -> None:
    answers = [browser.post(f"/homes/{home_id}/gateways", data={"code": "NONE2345"}) for _ in range(6)]

    assert (answers[0].status_code, "let it show a new one" in answers[0].text) == (404, True)
    assert (answers[5].status_code, "Too many attempts" in answers[5].text) == (429, True)


def test_a_gateway_that_is_in_a_home_is_not_taken_from_it(
    world: "World", browser: "FlaskClient", home_id: str
) -> None:
    other = world.sign_up()
    world.gateway_of(other, world.home_of(other), "gw-theirs")
    world.show_gateway_code("gw-theirs", "ABCD2345")

    answer = browser.post(f"/homes/{home_id}/gateways", data={"code": "ABCD2345"})

    assert (answer.status_code, "in a home already" in answer.text) == (409, True)
    assert browser.post("/gateways/gw-theirs/delete", data={"sure": "yes"}, headers=HTML).status_code == 404


def test_a_gateway_leaves_only_when_it_is_meant_and_its_devices_are_deleted(
    world: "World", ann: "Person", browser: "FlaskClient", home_id: str
) -> None:
    world.gateway_of(ann, home_id)
    for device_id in ("behind", "waits"):
        world.register_behind("gw-1", device_id)
    browser.post("/gateways/gw-1/devices/behind")

    assert browser.post("/gateways/gw-1/delete").status_code == 422
    assert not was_deleted(world.state, "behind")
    assert browser.post("/gateways/gw-1/delete", data={"sure": "yes"}).status_code == 303

    assert was_deleted(world.state, "behind")
    assert [item.sk for item in world.state.query(gateway_pk("gw-1"))] == ["behind#waits"]
    world.gateway_of(ann, home_id)
    assert ann.get("/v1/gateways/gw-1").json["waiting_ids"] == ["waits"]  # the other is let in anew


def test_a_member_lets_devices_in_but_only_the_owner_takes_a_gateway_away(
    world: "World", ann: "Person", home_id: str
) -> None:
    world.gateway_of(ann, home_id)
    world.register_behind("gw-1", "behind")
    world.join(ann, home_id, "member", "bob@example.org")
    world.join(ann, home_id, "guest", "guest@example.org")
    bob, guest = _browser(world, "bob@example.org"), _browser(world, "guest@example.org")

    assert guest.get(f"/homes/{home_id}/gateways", headers=HTML).status_code == 403
    assert "Remove this gateway" not in bob.get(f"/homes/{home_id}/gateways").text
    assert bob.post("/gateways/gw-1/devices/behind").status_code == 303
    assert bob.post("/gateways/gw-1/delete", data={"sure": "yes"}, headers=HTML).status_code == 403


def test_a_device_is_set_by_hand_and_the_page_follows_the_command(
    world: "World", ann: "Person", browser: "FlaskClient"
) -> None:
    form = {"mode": "cool", "setpoint_c": "23,5", "fan": "low", "span_h": "3"}

    assert browser.post("/devices/dev-1/command", data=form).headers["Location"] == "/devices/dev-1"

    (entry,) = world.inbox()
    assert entry.command is not None
    asked = {key: entry.command[key] for key in ("mode", "setpoint_c", "fan", "requested_by")}
    assert asked == {"mode": "cool", "setpoint_c": 23.5, "fan": "low", "requested_by": "app"}
    assert entry.command["expires_at"].startswith("2026-07-14T15:00:00")
    page = browser.get("/devices/dev-1").text
    assert "Last command (23.5 °C):" in page
    assert "waiting to be sent" in page
    world.report("dev-1", world.clock.at + timedelta(minutes=1), setpoint_c=23.5, fan="low")
    assert "confirmed by the device" in browser.get("/devices/dev-1/live").text


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("superseded", "overtaken by a later change"),
        ("not_confirmed", "the device did not do it"),
        ("invalid", "refused by the device"),
    ],
)
def test_a_command_that_was_not_done_says_why(
    world: "World", browser: "FlaskClient", reason: str, said: str
) -> None:
    browser.post("/devices/dev-1/command", data={"mode": "cool", "setpoint_c": "23"})
    (entry,) = world.inbox()
    assert entry.command is not None
    detail = {"command_id": entry.command["command_id"], "result": "rejected", "reason": reason}

    world.readings.commit(
        IngestCommit(
            events=[
                Event(
                    device_id="dev-1",
                    event_id="edge-1",
                    occurred_at=world.clock.at,
                    kind="command_result",
                    detail=detail,
                )
            ]
        )
    )

    assert said in browser.get("/devices/dev-1/live").text


def test_a_setpoint_is_read_in_the_unit_shown_and_left_out_where_the_mode_has_none(
    world: "World", browser: "FlaskClient"
) -> None:
    browser.set_cookie("ac_unit", "f")

    browser.post("/devices/dev-1/command", data={"setpoint_c": "77"})
    browser.post("/devices/dev-1/command", data={"mode": "dry", "setpoint_c": "77"})

    first, second = (entry.command for entry in world.inbox())
    assert first is not None
    assert second is not None
    assert first["setpoint_c"] == 25.0
    assert "setpoint_c" not in second


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"setpoint_c": "warm"}, "again: Temperature."),
        ({"setpoint_c": "50"}, "again: Temperature."),
        ({"mode": "freeze"}, "again: Mode"),
        ({"mode": "cool", "span_h": "1000"}, "again: For how long."),
        ({}, "again: what belongs together here."),
    ],
)
def test_what_does_not_fit_is_not_sent_and_the_form_says_so(
    world: "World", browser: "FlaskClient", form: dict[str, str], words: str
) -> None:
    answer = browser.post("/devices/dev-1/command", data=form)

    assert (answer.status_code, words in answer.text) == (422, True)
    assert '<details class="by-hand" open>' in answer.text
    assert world.inbox() == []


def test_only_what_the_device_can_do_is_offered(world: "World", browser: "FlaskClient") -> None:
    item = world.state.get("device#dev-1", "device")
    assert item is not None
    world.overwrite(item, modes=["cool", "fan"])

    page = browser.get("/devices/dev-1").text

    assert [mode for mode in ("off", "cool", "fan", "heat", "dry") if f'value="{mode}"' in page] == [
        "off",
        "cool",
        "fan",
    ]


def test_presence_is_asked_only_with_consent_of_who_lives_there(
    world: "World", ann: "Person", browser: "FlaskClient", home_id: str
) -> None:
    world.join(ann, home_id, "guest", "guest@example.org")
    guest = _browser(world, "guest@example.org")
    say = {"data": {"at_home": "no"}, "headers": HTML}
    assert "I am out" not in browser.get("/").text
    assert browser.post(f"/homes/{home_id}/presence", **say).status_code == 409
    assert world.inbox() == []

    browser.post(f"/homes/{home_id}/privacy", data={"share_phone_presence": "yes"})
    assert "Are you home?" in browser.get("/").text
    assert "I am out" not in guest.get("/").text
    assert guest.post(f"/homes/{home_id}/presence", **say).status_code == 403

    assert browser.post(f"/homes/{home_id}/presence", data={"at_home": "no"}).status_code == 303
    page = browser.get("/").text
    assert "You are out. Nobody is home." in " ".join(page.split())
    assert [entry.kind for entry in world.inbox()] == ["left_home"]
    browser.post(f"/homes/{home_id}/presence", data={"at_home": "yes"})
    assert "You are home." in browser.get("/").text
    assert [entry.kind for entry in world.inbox()] == ["left_home", "came_home"]


def test_one_phone_that_is_out_does_not_make_a_home_empty(
    world: "World", ann: "Person", browser: "FlaskClient", home_id: str
) -> None:
    world.join(ann, home_id, "member", "bob@example.org")
    browser.post(f"/homes/{home_id}/privacy", data={"share_phone_presence": "yes"})

    browser.post(f"/homes/{home_id}/presence", data={"at_home": "no"})

    assert "not known" in browser.get("/").text
    assert world.inbox() == []
    assert browser.post(f"/homes/{home_id}/presence", headers=HTML).status_code == 422


def test_the_page_says_who_chose_the_setpoint(world: "World", browser: "FlaskClient") -> None:
    assert "at the unit" not in browser.get("/devices/dev-1/live").text

    world.report("dev-1", world.clock.at + timedelta(minutes=5), changed_by="remote")

    assert '<small class="by">at the unit</small>' in browser.get("/devices/dev-1/live").text


def test_a_link_that_confirms_the_address_is_sent_once_more(world: "World", browser: "FlaskClient") -> None:
    world.flush_post()
    before = len(world.mailer.sent)

    assert "Send me a link" in browser.get("/account").text
    assert "is on its way" in browser.post("/account/email-check").text
    world.flush_post()
    (mail,) = world.mailer.sent[before:]
    token = mail.text.split("token=")[1].split()[0]
    assert browser.post("/confirm-email", data={"token": token}).status_code == 200

    assert "Send me a link" not in browser.get("/account").text
