"""Passwords that are lost or changed, addresses that are confirmed, and what is noted of all that."""

import re
from typing import TYPE_CHECKING

import pytest

from mobile_api.passwords import Passwords

if TYPE_CHECKING:
    from tests.unit.mobile_api.conftest import MakeWorld, Person, World

ANN = "ann@example.org"
OLD, NEW = "a long enough one", "another long one"


@pytest.fixture
def ann(world: "World") -> "Person":
    return world.sign_up(ANN)


def _token(world: "World", subject: str) -> str:
    world.flush_post()
    mail = next(mail for mail in reversed(world.mailer.sent) if mail.subject.startswith(subject))
    assert mail.to == ANN
    found = re.search(r"http://127\.0\.0\.1:8080/[a-z-]+\?token=([\w-]{43})", mail.text)
    assert found is not None
    return found[1]


def _ask(world: "World", email: str = ANN) -> int:
    status: int = world.nobody().post("/v1/password-resets", json={"email": email}).status_code
    return status


def _reset(world: "World", token: str, password: str = NEW) -> int:
    body = {"token": token, "new_password": password}
    status: int = world.nobody().post("/v1/password-resets/confirm", json=body).status_code
    return status


def _signs_in(world: "World", password: str) -> bool:
    return (
        world.app.test_client().post("/login", data={"email": ANN, "password": password}).status_code == 303
    )


def test_a_lost_password_is_replaced_and_every_session_ends(world: "World", ann: "Person") -> None:
    assert _ask(world) == 202
    token = _token(world, "Choose a new password")

    assert _reset(world, token) == 204

    assert ann.get("/v1/homes").status_code == 401
    assert (_signs_in(world, OLD), _signs_in(world, NEW)) == (False, True)
    assert _reset(world, token, "a third long one") == 422  # good once
    assert _signs_in(world, NEW)


def test_a_link_is_good_for_half_an_hour(world: "World", ann: "Person") -> None:
    _ask(world)
    token = _token(world, "Choose a new password")
    world.clock.forward(minutes=30, seconds=1)

    assert _reset(world, token) == 422
    assert _signs_in(world, OLD)


def test_a_link_is_stored_as_a_digest_and_good_for_its_purpose_only(world: "World", ann: "Person") -> None:
    check = _token(world, "Confirm your address")
    _ask(world)
    token = _token(world, "Choose a new password")

    assert not any(token in f"{row.pk} {row.body}" for row in world.state._rows.values())
    assert _reset(world, check) == 422
    confirm = world.nobody().post("/v1/email-checks/confirm", json={"token": token})
    assert confirm.status_code == 422


def test_a_password_that_is_too_short_does_not_use_the_link_up(world: "World", ann: "Person") -> None:
    _ask(world)
    token = _token(world, "Choose a new password")

    assert _reset(world, token, "short") == 422
    page = world.nobody().post("/reset-password", data={"token": token, "password": "short"})
    assert "at least 10 characters" in page.text

    assert _reset(world, token) == 204


def test_an_address_without_account_is_answered_alike_and_gets_no_mail(world: "World", ann: "Person") -> None:
    world.flush_post()
    before = len(world.mailer.sent)

    known, unknown = _ask(world), _ask(world, "eve@example.org")
    world.flush_post()

    assert known == unknown == 202
    assert [mail.to for mail in world.mailer.sent[before:]] == [ANN]


def test_a_reset_ends_the_wait_of_whoever_was_guessed_at(world: "World", ann: "Person") -> None:
    form = {"email": ANN, "password": "guess"}
    for _ in range(5):
        world.app.test_client().post("/login", data=form)
    assert world.app.test_client().post("/login", data=form).status_code == 429
    _ask(world)

    _reset(world, _token(world, "Choose a new password"))

    assert _signs_in(world, NEW)


def test_nobodys_mailbox_is_flooded(world: "World", ann: "Person") -> None:
    statuses = {_ask(world) for _ in range(20)}
    world.flush_post()

    assert statuses == {202}
    assert len(world.mailer.sent) == 5


def test_one_source_cannot_ask_for_many_addresses(world: "World") -> None:
    statuses = [_ask(world, f"p{n}@example.org") for n in range(22)]

    assert statuses == [202] * 20 + [429] * 2


def test_a_link_never_leads_where_a_header_says(world: "World", ann: "Person") -> None:
    body = {"email": ANN}
    world.nobody().post("/v1/password-resets", json=body, headers={"Host": "evil.example"})

    assert _token(world, "Choose a new password")
    assert not any("evil" in mail.text for mail in world.mailer.sent)


def test_the_pages_do_the_same_and_looking_uses_nothing_up(world: "World", ann: "Person") -> None:
    browser = world.app.test_client()
    assert "a mail with a link" in browser.post("/forgot-password", data={"email": ANN}).text
    token = _token(world, "Choose a new password")

    for _ in range(2):
        assert f'value="{token}"' in browser.get(f"/reset-password?token={token}").text
    done = browser.post("/reset-password", data={"token": token, "password": NEW})

    assert "password is changed" in done.text
    assert done.headers["Cache-Control"] == "no-store"
    assert _signs_in(world, NEW)


def test_an_address_is_confirmed_by_a_button_behind_the_link(world: "World", ann: "Person") -> None:
    token = _token(world, "Confirm your address")
    browser = world.app.test_client()

    browser.get(f"/confirm-email?token={token}")
    assert ann.get("/v1/accounts/me").json["email_verified"] is False
    assert "your address is confirmed" in browser.post("/confirm-email", data={"token": token}).text

    assert ann.get("/v1/accounts/me").json["email_verified"] is True
    assert browser.post("/confirm-email", data={"token": token}).status_code == 422


def test_where_addresses_are_checked_nobody_signs_in_before(make_world: "MakeWorld") -> None:
    world = make_world(email_check="required")
    world.nobody().post("/v1/accounts", json={"email": ANN, "password": OLD})
    first = _token(world, "Confirm your address")
    assert not _signs_in(world, OLD)
    assert _token(world, "Confirm your address") != first  # who knows the password is sent another

    assert world.nobody().post("/v1/email-checks/confirm", json={"token": first}).status_code == 204

    assert _signs_in(world, OLD)


def test_a_password_is_changed_by_who_knows_it_and_other_sessions_end(world: "World", ann: "Person") -> None:
    other = world.exchange(world.code(ANN)).json["access_token"]
    wrong = {"current_password": "a wrong one", "new_password": NEW}
    assert ann.put("/v1/accounts/me/password", json=wrong).status_code == 422

    right = {"current_password": OLD, "new_password": NEW}
    assert ann.put("/v1/accounts/me/password", json=right).status_code == 204

    bearer = {"Authorization": f"Bearer {other}"}
    assert world.nobody().get("/v1/homes", headers=bearer).status_code == 401
    assert ann.get("/v1/homes").status_code == 200
    assert (_signs_in(world, OLD), _signs_in(world, NEW)) == (False, True)


def test_a_stolen_token_cannot_guess_the_password_for_long(world: "World", ann: "Person") -> None:
    body = {"current_password": "a wrong one", "new_password": NEW}

    statuses = [ann.put("/v1/accounts/me/password", json=body).status_code for _ in range(7)]

    assert statuses[-1] == 429


def test_the_log_says_what_was_done_from_where_and_names_nobody(world: "World", ann: "Person") -> None:
    home = {"REMOTE_ADDR": "198.51.100.77"}
    world.clock.forward(seconds=1)
    world.app.test_client().post("/login", data={"email": ANN, "password": "guess"}, environ_base=home)
    world.clock.forward(seconds=1)
    _ask(world)

    page = ann.get("/v1/accounts/me/audit").json

    acts = [entry["act"] for entry in page["items"]]
    assert acts[:2] == ["password_reset_asked", "sign_in_failed"]  # newest first
    assert {"account_created", "signed_in", "access_granted"} <= set(acts)
    assert page["items"][1]["source"] == "198.51.100.0/24"
    assert not any(ANN in str(row.body) for row in world.state._rows.values() if row.pk.startswith("audit#"))


def test_a_reused_refresh_token_is_in_the_log(world: "World", ann: "Person") -> None:
    stolen = ann.refresh_token
    world.renew(ann)
    form = {"grant_type": "refresh_token", "refresh_token": stolen, "client_id": "ac-advisor-app"}
    world.nobody().post("/oauth/token", data=form)
    assert ann.get("/v1/homes").status_code == 401

    again = world.exchange(world.code(ANN)).json["access_token"]

    page = world.nobody().get("/v1/accounts/me/audit", headers={"Authorization": f"Bearer {again}"}).json
    assert "refresh_token_reused" in [entry["act"] for entry in page["items"]]


def test_the_log_is_read_page_by_page(world: "World", ann: "Person") -> None:
    for _ in range(5):
        world.clock.forward(seconds=1)
        _ask(world)
    seen: list[str] = []
    part = "/v1/accounts/me/audit?limit=3"
    while part:
        answer = ann.get(part)
        seen += [entry["at"] for entry in answer.json["items"]]
        link = answer.headers.get("Link", "")
        part = link[1 : link.index(">")] if link else ""

    assert seen == sorted(seen, reverse=True)
    assert len(seen) == len(ann.get("/v1/accounts/me/audit").json["items"]) == 8


def test_where_a_log_goes_on_is_told_by_a_cursor_of_ones_own_alone(world: "World", ann: "Person") -> None:
    bob = world.sign_up()
    for _ in range(3):
        _ask(world)
    link = ann.get("/v1/accounts/me/audit?limit=1").headers["Link"]

    assert bob.get(link[1 : link.index(">")]).status_code == 400
    assert ann.get("/v1/accounts/me/audit?after=000").status_code == 422


def test_the_log_goes_with_its_account_and_operators_keep_its_random_id(
    world: "World", ann: "Person"
) -> None:
    account_id = ann.get("/v1/accounts/me").json["account_id"]

    ann.delete("/v1/accounts/me")

    assert world.state.query(f"audit#{account_id}") == []
    (kept,) = world.state.query("audit#operators")
    assert (kept.body["act"], kept.body["account_id"]) == ("account_deleted", account_id)
    assert not any("known#" in row.pk for row in world.state._rows.values())


def test_an_account_without_password_is_signed_in_to_by_none() -> None:
    assert not Passwords(memory_kib=8, time_cost=1).matches("nobody", None)
