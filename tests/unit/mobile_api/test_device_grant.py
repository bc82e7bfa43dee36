"""A screen without a browser is allowed on somebody's phone (RFC 8628)."""

import re
from typing import TYPE_CHECKING, Any

import pytest

from mobile_api.device_grants import FREE_TRIES, INTERVAL_S, entered_code, new_user_code

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.unit.mobile_api.conftest import Person, Reply, World

SCREEN = {"client_id": "ac-advisor-screen"}
GRANT = "urn:ietf:params:oauth:grant-type:device_code"
ANN = {"email": "ann@example.org", "password": "a long enough one"}


@pytest.fixture
def ann(world: "World") -> "Person":
    return world.sign_up("ann@example.org")


@pytest.fixture
def browser(world: "World", ann: "Person") -> "FlaskClient":
    browser = world.app.test_client()
    assert browser.post("/login", data=ANN).status_code == 303
    return browser


def _start(world: "World", **fields: str) -> dict[str, Any]:
    answer = world.nobody().post("/oauth/device", data={**SCREEN, **fields})
    assert answer.status_code == 200, answer.text
    started: dict[str, Any] = answer.json
    return started


def _poll(world: "World", started: dict[str, Any], **fields: str) -> "Reply":
    form = {**SCREEN, "grant_type": GRANT, "device_code": started["device_code"], **fields}
    return world.nobody().post("/oauth/token", data=form)


def _enter(browser: "FlaskClient", code: str, **fields: str) -> "Reply":
    return browser.post("/device", data={"user_code": code, **fields})


def test_a_screen_is_allowed_and_gets_its_tokens_once(world: "World", browser: "FlaskClient") -> None:
    started = _start(world, scope="read advise")
    assert started["verification_uri"] == "http://127.0.0.1:8080/device"
    assert _poll(world, started).json["error"] == "authorization_pending"

    asked = _enter(browser, started["user_code"])
    assert "Is this your screen?" in asked.text
    assert "answer advice for you" in asked.text
    assert "move your devices" not in asked.text
    assert "Connected" in _enter(browser, started["user_code"], decision="allow").text

    world.clock.forward(seconds=INTERVAL_S)
    tokens = _poll(world, started).json
    assert tokens["scope"] == "read advise"
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert world.nobody().get("/v1/accounts/me", headers=bearer).json["email"] == ANN["email"]
    assert _poll(world, started).json["error"] == "invalid_grant"
    form = {**SCREEN, "grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert world.nobody().post("/oauth/token", data=form).status_code == 200


def test_a_refused_screen_is_told_so(world: "World", browser: "FlaskClient") -> None:
    started = _start(world)
    _enter(browser, started["user_code"], decision="refuse")

    assert _poll(world, started).json["error"] == "access_denied"


def test_a_screen_that_nobody_allows_in_ten_minutes_is_told_so(
    world: "World", browser: "FlaskClient"
) -> None:
    started = _start(world)
    world.clock.forward(seconds=started["expires_in"] + 1)

    assert _poll(world, started).json["error"] == "expired_token"
    assert "No screen waits" in _enter(browser, started["user_code"], decision="allow").text


def test_a_screen_that_asks_too_often_has_to_wait_longer_each_time(world: "World", ann: "Person") -> None:
    started = _start(world)
    _poll(world, started)
    world.clock.forward(seconds=INTERVAL_S - 1)
    assert _poll(world, started).json["error"] == "slow_down"

    # RFC 8628, 3.5: "the interval MUST be increased by 5 seconds for this and all subsequent requests".
    world.clock.forward(seconds=2 * INTERVAL_S - 1)
    assert _poll(world, started).json["error"] == "slow_down"
    world.clock.forward(seconds=3 * INTERVAL_S)
    assert _poll(world, started).json["error"] == "authorization_pending"


def test_a_link_with_the_code_in_it_allows_nothing_by_itself(world: "World", browser: "FlaskClient") -> None:
    started = _start(world)

    page = browser.get(started["verification_uri_complete"])

    assert started["user_code"] in page.text
    assert _poll(world, started).json["error"] == "authorization_pending"
    forged = {"user_code": started["user_code"], "decision": "allow"}
    assert browser.post("/device", data=forged, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_who_is_not_signed_in_signs_in_there_and_still_sees_first_what_they_allow(
    world: "World", ann: "Person"
) -> None:
    browser, started = world.app.test_client(), _start(world)

    assert "Wrong address" in _enter(browser, started["user_code"], **{**ANN, "password": "wrong"}).text
    page = _enter(browser, started["user_code"], **ANN, decision="allow")

    assert "Is this your screen?" in page.text
    assert _poll(world, started).json["error"] == "authorization_pending"
    assert "Connected" in _enter(browser, started["user_code"], decision="allow").text


def test_a_token_of_the_app_cannot_allow_a_screen(world: "World", ann: "Person") -> None:
    started = _start(world)

    answer = ann.post("/device", data={"user_code": started["user_code"], "decision": "allow"})

    assert answer.status_code == 401
    assert _poll(world, started).json["error"] == "authorization_pending"


def test_guessing_user_codes_is_slowed_for_the_guesser_and_for_nobody_else(
    world: "World", browser: "FlaskClient"
) -> None:
    started = _start(world)
    statuses = [_enter(browser, new_user_code()).status_code for _ in range(FREE_TRIES + 5)]

    assert statuses == [404] * FREE_TRIES + [429] * 5
    assert _enter(browser, started["user_code"]).status_code == 429  # also a right one
    world.sign_up("bob@example.org")
    other = world.app.test_client()
    elsewhere = {"REMOTE_ADDR": "198.51.100.7"}
    other.post("/login", data={**ANN, "email": "bob@example.org"}, environ_base=elsewhere)
    assert (
        other.post("/device", data={"user_code": started["user_code"]}, environ_base=elsewhere).status_code
        == 200
    )
    world.clock.forward(seconds=2)
    assert _enter(browser, started["user_code"]).status_code == 200


def test_another_clients_device_code_is_worth_nothing(world: "World", browser: "FlaskClient") -> None:
    started = _start(world)
    _enter(browser, started["user_code"], decision="allow")

    for client_id in ("ac-advisor-app", "somebody-else"):
        answer = _poll(world, started, client_id=client_id)
        assert answer.status_code in {400, 401}
        assert "access_token" not in answer.json


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"client_id": "ac-advisor-app"}, "unauthorized_client"),
        ({"client_id": "nobody"}, "invalid_client"),
        ({"scope": "admin"}, "invalid_scope"),
    ],
)
def test_codes_are_given_only_to_who_can_use_them(world: "World", fields: dict[str, str], error: str) -> None:
    answer = world.nobody().post("/oauth/device", data={**SCREEN, **fields})

    assert answer.status_code in {400, 401}
    assert answer.json["error"] == error


def test_an_unknown_device_code_is_no_grant(world: "World") -> None:
    assert _poll(world, {"device_code": "guess"}).json["error"] == "invalid_grant"


def test_user_codes_are_short_easy_to_type_and_not_stored(world: "World") -> None:
    started = _start(world)
    code = started["user_code"]

    assert re.fullmatch(r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", code)
    assert entered_code(f" {code.lower().replace('-', ' ')} ") == code
    stored = [f"{row.pk} {row.sk} {row.body}" for row in world.state._rows.values()]
    assert not any(code in text or started["device_code"] in text for text in stored)
