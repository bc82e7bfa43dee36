"""Account linking end to end, by a script that does what each vendor's server does."""

from typing import TYPE_CHECKING, Any

import pytest

from cloud.ports.state import Put
from mobile_api.voice.alexa_grants import GRANT_SK, GRANTS_PK
from tests.unit.mobile_api.test_registered_clients import Linked
from tests.unit.mobile_api.voice.test_alexa_directives import directive, kind_of
from tests.unit.mobile_api.voice.test_google_home import asking

if TYPE_CHECKING:
    from mobile_api.identity_records import ClientAuth
    from tests.unit.mobile_api.conftest import Reply, World

Json = dict[str, Any]
SCOPES = ("read", "advise", "control")


def ask_alexa(world: "World", token: str) -> bool:
    """Whether a token opens the house to Alexa."""
    message = directive("Alexa", "ReportState")
    message["directive"]["endpoint"]["scope"]["token"] = token
    kind = kind_of(world.nobody().post("/voice/alexa/smart-home", json=message).json)
    assert kind in {"StateReport", "INVALID_AUTHORIZATION_CREDENTIAL"}
    return kind == "StateReport"


def ask_google(world: "World", token: str) -> bool:
    """Whether a token opens the house to Google."""
    bearer = {"Authorization": f"Bearer {token}"}
    answered: Reply = world.nobody().post("/voice/google", json=asking("SYNC"), headers=bearer)
    assert answered.status_code in {200, 401}
    if answered.status_code == 401:
        return False
    assert [each["id"] for each in answered.json["payload"]["devices"]] == ["dev-1"]
    return True


VENDORS = {"alexa": ("client_secret_basic", ask_alexa), "google": ("client_secret_post", ask_google)}


@pytest.mark.parametrize("vendor", VENDORS)
def test_an_account_is_linked_refreshed_and_unlinked(world: "World", vendor: str) -> None:
    auth: ClientAuth
    auth, ask = VENDORS[vendor]  # type: ignore[assignment]
    person = world.sign_up("ann@example.org")
    world.report(world.device_of(person), world.clock.at)
    client = Linked(world, auth, scopes=SCOPES)
    tokens = client.tokens()
    assert ask(world, tokens["access_token"])

    world.clock.forward(minutes=16)
    assert not ask(world, tokens["access_token"])  # it lives 15 minutes
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    renewed = client.post("/oauth/token", **refresh).json["access_token"]
    assert ask(world, renewed)

    assert client.post("/oauth/revoke", token=tokens["refresh_token"]).status_code == 200
    assert not ask(world, renewed)  # at once, though the token itself has not expired
    assert client.post("/oauth/token", **refresh).status_code == 400


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_stolen_refresh_token_is_worth_nothing(world: "World", vendor: str) -> None:
    auth: ClientAuth
    auth, ask = VENDORS[vendor]  # type: ignore[assignment]
    person = world.sign_up("ann@example.org")
    world.report(world.device_of(person), world.clock.at)
    client = Linked(world, auth, scopes=SCOPES)
    other = Linked(world, auth, scopes=SCOPES)
    tokens = client.tokens()
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}

    assert client.post("/oauth/token", "wrong secret", **refresh).status_code in {400, 401}
    assert other.post("/oauth/token", **refresh).status_code == 400  # it is bound to its client
    as_the_app = world.nobody().post("/oauth/token", data={**refresh, "client_id": "ac-advisor-app"})
    assert as_the_app.status_code in {400, 401}
    assert not ask(world, tokens["refresh_token"])
    assert ask(world, client.post("/oauth/token", **refresh).json["access_token"])


def test_who_deletes_the_account_is_unlinked(world: "World") -> None:
    person = world.sign_up("ann@example.org")
    world.report(world.device_of(person), world.clock.at)
    token = Linked(world, scopes=SCOPES).tokens()["access_token"]
    account_id = person.get("/v1/accounts/me").json["account_id"]
    written = [Put(f"account#{account_id}", GRANT_SK, {"access_token": "t"}), Put(GRANTS_PK, account_id, {})]
    world.state.transact(written)
    assert person.delete("/v1/accounts/me").status_code == 204

    assert not ask_alexa(world, token)
    assert not ask_google(world, token)
    assert [world.state.get(each.pk, each.sk) for each in written] == [None, None]


def test_google_is_answered_401_without_a_token_and_400_for_nonsense(world: "World") -> None:
    assert world.nobody().post("/voice/google", json=asking("SYNC")).status_code == 401
    assert world.nobody().post("/voice/google", json={"requestId": "x"}).status_code == 400
