"""Clients with a secret, as account linking of voice assistants needs them, and what they may ask."""

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from mobile_api.clients import add_client, list_clients, new_client_id, remove_client
from mobile_api.errors import ClientRefusedError
from mobile_api.identity_records import ClientAuth, ClientRecord

if TYPE_CHECKING:
    from tests.unit.mobile_api.conftest import Reply, World

CALLBACK = "https://layla.amazon.com/api/skill/link/M123"
ANN = {"email": "ann@example.org", "password": "a long enough one"}


class Linked:
    """A voice assistant's server."""

    def __init__(self, world: "World", auth: ClientAuth = "client_secret_basic", **changes: Any) -> None:  # noqa: ANN401 (fields of any type)
        self.world, self.auth = world, auth
        self.record = ClientRecord.model_validate(
            {
                "client_id": new_client_id("Alexa"),
                "name": "Alexa",
                "redirect_uris": (CALLBACK,),
                "scopes": ("read", "control"),
                "grants": ("authorization_code", "refresh_token"),
                "auth": auth,
                "created_at": world.clock.at,
                **changes,
            }
        )
        self.secret = add_client(world.state, self.record) or ""

    def code(self, **fields: str) -> str:
        question = {
            "response_type": "code",
            "client_id": self.record.client_id,
            "redirect_uri": CALLBACK,
            "state": "s1",
            **fields,
        }
        granted = self.world.nobody().post("/oauth/authorize", query_string=question, data=ANN)
        answer = parse_qs(urlsplit(granted.headers.get("Location", "")).query)
        assert "code" in answer, granted.text
        assert answer["state"] == ["s1"]
        code: str = answer["code"][0]
        return code

    def post(self, path: str, secret: str | None = None, **form: str) -> "Reply":
        secret = self.secret if secret is None else secret
        if self.auth == "client_secret_post":
            form |= {"client_id": self.record.client_id, "client_secret": secret}
            return self.world.nobody().post(path, data=form)
        pair = base64.b64encode(f"{self.record.client_id}:{secret}".encode()).decode()
        return self.world.nobody().post(path, data=form, headers={"Authorization": f"Basic {pair}"})

    def tokens(self) -> dict[str, Any]:
        answer = self.post(
            "/oauth/token", grant_type="authorization_code", code=self.code(), redirect_uri=CALLBACK
        )
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json
        return found


@pytest.fixture
def ann(world: "World") -> None:
    world.sign_up("ann@example.org")


@pytest.mark.parametrize("auth", ["client_secret_basic", "client_secret_post"])
def test_an_account_is_linked_and_stays_linked_while_it_is_used(
    world: "World", ann: None, auth: ClientAuth
) -> None:
    alexa = Linked(world, auth)
    tokens = alexa.tokens()
    assert tokens["scope"] == "read control"

    for _ in range(4):
        world.clock.forward(days=200)
        again = alexa.post("/oauth/token", grant_type="refresh_token", refresh_token=tokens["refresh_token"])
        assert again.status_code == 200
        assert "refresh_token" not in again.json  # bound to the secret, it is not replaced
        bearer = {"Authorization": f"Bearer {again.json['access_token']}"}
        assert world.nobody().get("/v1/homes", headers=bearer).status_code == 200
    world.clock.forward(days=366)
    unused = alexa.post("/oauth/token", grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert unused.json["error"] == "invalid_grant"


def test_nothing_goes_without_the_secret(world: "World", ann: None) -> None:
    alexa = Linked(world)
    refresh = alexa.tokens()["refresh_token"]
    wrong = alexa.post("/oauth/token", "wrong", grant_type="refresh_token", refresh_token=refresh)
    form = {"grant_type": "refresh_token", "refresh_token": refresh, "client_id": alexa.record.client_id}
    without = world.nobody().post("/oauth/token", data=form)
    elsewhere = world.nobody().post("/oauth/token", data={**form, "client_secret": alexa.secret})
    unreadable = world.nobody().post("/oauth/token", data=form, headers={"Authorization": "Basic //79Og=="})

    for answer in (wrong, without, elsewhere, unreadable):
        assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")
    assert alexa.post("/oauth/token", grant_type="refresh_token", refresh_token=refresh).status_code == 200


def test_a_stolen_code_of_a_client_with_a_secret_ends_what_it_opened_when_used_twice(
    world: "World", ann: None
) -> None:
    alexa = Linked(world)
    form = {"grant_type": "authorization_code", "code": alexa.code(), "redirect_uri": CALLBACK}
    refresh = alexa.post("/oauth/token", **form).json["refresh_token"]

    assert alexa.post("/oauth/token", **form).json["error"] == "invalid_grant"
    gone = alexa.post("/oauth/token", grant_type="refresh_token", refresh_token=refresh)
    assert gone.json["error"] == "invalid_grant"


@pytest.mark.parametrize("uri", [CALLBACK + "/", CALLBACK + "?x=1", "https://layla.amazon.com:444/api"])
def test_its_address_is_matched_exactly(world: "World", ann: None, uri: str) -> None:
    alexa = Linked(world)
    question = {"response_type": "code", "client_id": alexa.record.client_id, "redirect_uri": uri}

    answer = world.nobody().post("/oauth/authorize", query_string=question, data=ANN)

    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_it_may_use_pkce_and_then_has_to_keep_to_it(world: "World", ann: None) -> None:
    alexa = Linked(world)
    # RFC 7636, appendix B.
    challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    form = {"grant_type": "authorization_code", "redirect_uri": CALLBACK}

    bound = alexa.code(code_challenge=challenge, code_challenge_method="S256")
    assert alexa.post("/oauth/token", **form, code=bound).status_code == 400
    bound = alexa.code(code_challenge=challenge, code_challenge_method="S256")
    assert alexa.post("/oauth/token", **form, code=bound, code_verifier=verifier).status_code == 200
    # RFC 9700, 2.1.1: a verifier without a challenge is a downgrade.
    assert alexa.post("/oauth/token", **form, code=alexa.code(), code_verifier=verifier).status_code == 400


def test_a_person_can_refuse(world: "World", ann: None) -> None:
    alexa = Linked(world)
    question = {
        "response_type": "code",
        "client_id": alexa.record.client_id,
        "redirect_uri": CALLBACK,
        "state": "s1",
    }
    page = world.nobody().get("/oauth/authorize", query_string=question)
    assert "Alexa wants to:" in page.text
    assert "answer advice" not in page.text

    refused = world.nobody().post("/oauth/authorize", query_string=question, data={"decision": "refuse"})

    error = parse_qs(urlsplit(refused.headers["Location"]).query)
    assert (error["error"], error["state"]) == (["access_denied"], ["s1"])


def test_introspection_tells_a_client_of_its_own_tokens_only(world: "World", ann: None) -> None:
    alexa, google = Linked(world), Linked(world, "client_secret_post", name="Google")
    tokens = alexa.tokens()

    known = alexa.post("/oauth/introspect", token=tokens["access_token"]).json
    assert (known["active"], known["scope"], known["token_type"]) == (True, "read control", "Bearer")
    assert known["exp"] == int(world.clock.at.timestamp()) + 900
    assert alexa.post("/oauth/introspect", token=tokens["refresh_token"]).json["active"] is True
    assert google.post("/oauth/introspect", token=tokens["access_token"]).json == {"active": False}
    assert alexa.post("/oauth/introspect", token="nonsense").json == {"active": False}
    world.clock.forward(minutes=16)
    assert alexa.post("/oauth/introspect", token=tokens["access_token"]).json == {"active": False}


def test_a_resource_server_may_ask_about_every_token_until_it_is_revoked(world: "World", ann: None) -> None:
    alexa, server = Linked(world), Linked(world, introspects=True)
    token = alexa.tokens()["access_token"]
    assert server.post("/oauth/introspect", token=token).json["active"] is True

    assert alexa.post("/oauth/revoke", token=token).status_code == 200

    assert server.post("/oauth/introspect", token=token).json == {"active": False}


def test_a_public_client_cannot_introspect(world: "World", ann: None) -> None:
    form = {"token": "x", "client_id": "ac-advisor-app"}

    assert world.nobody().post("/oauth/introspect", data=form).status_code == 401


def test_no_client_revokes_anothers_token(world: "World", ann: None) -> None:
    alexa, google = Linked(world), Linked(world, "client_secret_post")
    tokens = alexa.tokens()

    assert google.post("/oauth/revoke", token=tokens["refresh_token"]).status_code == 400
    again = alexa.post("/oauth/token", grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert again.status_code == 200


def test_a_secret_is_kept_as_a_digest_and_a_removed_client_gets_nothing(world: "World", ann: None) -> None:
    alexa = Linked(world)
    refresh = alexa.tokens()["refresh_token"]
    assert not any(alexa.secret in str(row.body) for row in world.state._rows.values())
    assert [client.name for client in list_clients(world.state)] == ["Alexa"]

    remove_client(world.state, alexa.record.client_id)

    answer = alexa.post("/oauth/token", grant_type="refresh_token", refresh_token=refresh)
    assert answer.json["error"] == "invalid_client"
    assert list_clients(world.state) == []


@pytest.mark.parametrize(
    "uri",
    [
        *("http://example.org/cb", "http://127.0.0.1/cb", "https://*.example.org/cb"),
        *("https://example.org/cb#x", "https://user@example.org/cb", "javascript:alert(1)", ""),
    ],
)
def test_an_address_that_could_be_anybodys_is_not_registered(world: "World", uri: str) -> None:
    with pytest.raises(ClientRefusedError):
        Linked(world, redirect_uris=(uri,))


def test_discovery_names_what_is_there(world: "World") -> None:
    found = world.nobody().get("/.well-known/oauth-authorization-server").json

    # RFC 8414, 2 and 3.3: the issuer is the address that the document was asked at.
    assert found["issuer"] == "http://127.0.0.1:8080"
    rules = {rule.rule for rule in world.app.url_map.iter_rules()}
    addresses = [found[name] for name in found if name.endswith(("_endpoint", "_uri"))]
    assert len(addresses) == 6
    assert {address.removeprefix(found["issuer"]) for address in addresses} <= rules
    (key,) = world.nobody().get("/.well-known/jwks.json").json["keys"]
    assert (key["alg"], key["use"]) == ("ES256", "sig")
    assert "d" not in key
