from typing import TYPE_CHECKING

import pytest

from cloud.ports.deletion import is_being_deleted
from cloud.ports.records import device_pk, home_pk
from mobile_api.accounts import MIN_PASSWORD_LENGTH
from mobile_api.passwords import MEMORY_KIB, TIME_COST, Passwords

if TYPE_CHECKING:
    from tests.unit.mobile_api.conftest import World

GOOD = {"email": "ann@example.org", "password": "a long enough one"}


def test_an_account_is_made_and_shown_without_its_password(world: "World") -> None:
    created = world.nobody().post("/v1/accounts", json=GOOD)

    assert created.status_code == 201
    assert created.headers["Location"] == "/v1/accounts/me"
    assert created.json["email"] == "ann@example.org"
    assert set(created.json) == {"account_id", "email", "created_at", "email_verified", "operator"}


@pytest.mark.parametrize(
    "change",
    [
        {"email": "nobody"},
        {"email": "a b@c"},
        {"password": "x" * (MIN_PASSWORD_LENGTH - 1)},
        {"password": "x" * 129},
    ],
)
def test_what_cannot_be_an_account_is_refused(world: "World", change: dict[str, str]) -> None:
    assert world.nobody().post("/v1/accounts", json=GOOD | change).status_code == 422


def test_passwords_are_stored_as_argon2id_only(world: "World") -> None:
    world.sign_up("bob@example.org")
    stored = [str(row.body) for row in world.state._rows.values()]

    assert not any("a long enough one" in body for body in stored)
    assert any("$argon2id$" in body for body in stored)


def test_the_cost_of_a_hash_is_owasps_first_choice() -> None:
    # OWASP Password Storage Cheat Sheet: m=19456 (19 MiB), t=2, p=1.
    assert (MEMORY_KIB, TIME_COST) == (19_456, 2)
    assert "$m=19456,t=2,p=1$" in Passwords().hash("x")


def test_deleting_an_account_deletes_its_homes_and_devices_and_ends_its_sessions(
    world: "World",
) -> None:
    person = world.sign_up("bob@example.org")
    device_id = world.device_of(person)
    home_id = person.get("/v1/homes").json["items"][0]["home_id"]

    assert person.delete("/v1/accounts/me").status_code == 204

    assert person.get("/v1/accounts/me").status_code == 401
    assert world.state.query(home_pk(home_id)) == []
    assert world.state.query(device_pk(device_id)) == []
    assert is_being_deleted(world.state, device_id)
    leftovers = [
        row for row in world.state._rows.values() if "bob" in str(row.body) or row.pk.startswith("account#")
    ]
    assert leftovers == []
    assert world.nobody().post("/v1/accounts", json={**GOOD, "email": "bob@example.org"}).status_code == 201
