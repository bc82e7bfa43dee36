"""Who may operate the service, from the first one on."""

from typing import TYPE_CHECKING

import pytest

from cloud.errors import NotFoundError
from mobile_api.operators import grant_operator, list_operators, revoke_operator

if TYPE_CHECKING:
    from tests.unit.mobile_api.conftest import Person, World

ANN, BOB = "ann@example.org", "bob@example.org"


def _token(world: "World", email: str, scope: str) -> "Person":
    person = world.nobody()
    person.token = world.exchange(world.code(email, scope=scope)).json["access_token"]
    return person


def test_an_operator_gets_admin_when_asked_for_and_nobody_else_does(world: "World") -> None:
    world.sign_up(ANN)
    world.sign_up(BOB)
    with world.app.app_context():
        grant_operator(world.state, "Ann@Example.org", world.clock.at)

    assert _token(world, ANN, "read admin").get("/v1/audit").status_code == 200
    assert _token(world, ANN, "read").get("/v1/audit").status_code == 403
    assert _token(world, BOB, "read admin").get("/v1/audit").status_code == 403
    assert [account.email for account in list_operators(world.state)] == [ANN]


def test_who_asks_for_admin_alone_and_may_not_is_refused(world: "World") -> None:
    world.sign_up(BOB)
    form = {
        "response_type": "code",
        "client_id": "ac-advisor-app",
        "redirect_uri": "http://127.0.0.1:4000/callback",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
        "scope": "admin",
        "state": "s1",
    }

    answer = world.nobody().post(
        "/oauth/authorize", query_string=form, data={"email": BOB, "password": "a long enough one"}
    )

    assert "error=access_denied" in answer.headers["Location"]
    assert "state=s1" in answer.headers["Location"]


def test_a_revoked_operator_may_nothing_more_with_the_same_token(world: "World") -> None:
    world.sign_up(ANN)
    with world.app.app_context():
        grant_operator(world.state, ANN, world.clock.at)
    operator = _token(world, ANN, "read admin")
    assert operator.get("/v1/audit").status_code == 200

    with world.app.app_context():
        revoke_operator(world.state, ANN, world.clock.at)

    assert operator.get("/v1/audit").status_code == 403
    assert operator.get("/v1/homes").status_code == 200


def test_operators_read_what_was_done_and_their_own_making_is_in_it(world: "World") -> None:
    bob = world.sign_up(BOB).get("/v1/accounts/me").json["account_id"]
    world.sign_up(ANN)
    with world.app.app_context():
        grant_operator(world.state, ANN, world.clock.at)
    operator = _token(world, ANN, "admin")

    (made,) = operator.get("/v1/audit").json["items"]
    assert (made["act"], made["by"], made["source"]) == ("operator_granted", "command line", "command line")
    acts = [entry["act"] for entry in operator.get(f"/v1/audit?account_id={bob}").json["items"]]
    assert "account_created" in acts


def test_a_deleted_operator_is_none(world: "World") -> None:
    ann = world.sign_up(ANN)
    with world.app.app_context():
        grant_operator(world.state, ANN, world.clock.at)

    ann.delete("/v1/accounts/me")

    assert list_operators(world.state) == []
    assert world.state.query("operators") == []


def test_an_unknown_address_is_said_to_be_unknown(world: "World") -> None:
    with pytest.raises(NotFoundError):
        grant_operator(world.state, ANN, world.clock.at)
