"""OAuth 2.1's rules, each with the attack that it is for."""

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from cloud.adapters.memory_state import MemoryStateStore
from mobile_api.clients import find_client
from mobile_api.keys import FixedKeys, make_key
from mobile_api.tokens import AccessTokens

if TYPE_CHECKING:
    from tests.unit.mobile_api.conftest import Person, World

FORM = {
    "response_type": "code",
    "client_id": "ac-advisor-app",
    "redirect_uri": "http://127.0.0.1:4000/callback",
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",  # RFC 7636, appendix B
    "code_challenge_method": "S256",
}
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"  # the verifier of the same example
PERSON = {"email": "ann@example.org", "password": "a long enough one"}
HTML = {"Accept": "text/html"}


@pytest.fixture
def ann(world: "World") -> "Person":
    return world.sign_up("ann@example.org")


def _refresh(world: "World", token: str | None, **fields: str) -> tuple[int, dict[str, str]]:
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": "ac-advisor-app", **fields}
    answer = world.nobody().post("/oauth/token", data=form)
    return answer.status_code, answer.json


def test_a_browser_is_sent_back_with_a_code_and_its_state(world: "World", ann: "Person") -> None:
    page = world.nobody().get("/oauth/authorize", query_string={**FORM, "state": "s1"}, headers=HTML)
    granted = world.nobody().post(
        "/oauth/authorize", query_string={**FORM, "state": "s1"}, data=PERSON, headers=HTML
    )

    assert page.status_code == 200
    assert 'name="password"' in page.text
    assert "form-action 'self' http://127.0.0.1:4000" in page.headers["Content-Security-Policy"]
    goal = urlsplit(granted.headers["Location"])
    assert (granted.status_code, goal.netloc, goal.path) == (302, "127.0.0.1:4000", "/callback")
    assert parse_qs(goal.query)["state"] == ["s1"]
    tokens = world.exchange(parse_qs(goal.query)["code"][0], code_verifier=VERIFIER)
    assert tokens.status_code == 200
    assert tokens.headers["Cache-Control"] == "no-store"
    assert tokens.json["expires_in"] == 900


def test_a_wrong_password_shows_the_form_again(world: "World", ann: "Person") -> None:
    wrong = {**PERSON, "password": "a wrong enough one"}

    page = world.nobody().post("/oauth/authorize", query_string=FORM, data=wrong, headers=HTML)

    assert page.status_code == 401
    assert "Wrong address or password" in page.text


def test_a_client_without_browser_gets_no_code_for_a_wrong_password(world: "World", ann: "Person") -> None:
    wrong = {**FORM, **PERSON, "password": "a wrong enough one"}

    answer = world.nobody().post("/oauth/authorize", data=wrong, headers={"Accept": "application/json"})

    assert answer.status_code == 401
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize(
    "change",
    [
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": "http://127.0.0.1.evil.example:4000/callback"},
        {"redirect_uri": "http://127.0.0.1:4000/other"},
        {"redirect_uri": "http://127.0.0.1:4000@evil.example/callback"},
        {"redirect_uri": "http://user@127.0.0.1:4000/callback"},
        {"redirect_uri": "http://127.0.0.1:notaport/callback"},
        {"redirect_uri": ""},
        {"client_id": "somebody-else"},
        {"client_id": ""},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_client_or_address_is_shown_an_error_and_never_redirected(
    world: "World", ann: "Person", change: dict[str, str], method: str
) -> None:
    answer = world.nobody().call(
        method, "/oauth/authorize", query_string=FORM | change, data=PERSON, headers=HTML
    )

    assert answer.status_code == 400
    assert "Location" not in answer.headers


@pytest.mark.parametrize(
    "change",
    [
        {"code_challenge": ""},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": ""},
        {"code_challenge": "short"},
        {"response_type": "token"},
        {"scope": "everything"},
    ],
)
def test_a_request_without_pkce_or_with_odd_wishes_is_refused_at_the_first_step(
    world: "World", ann: "Person", change: dict[str, str]
) -> None:
    answer = world.nobody().post("/oauth/authorize", query_string=FORM | change, data=PERSON, headers=HTML)

    error = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert answer.status_code == 302
    assert "code" not in error
    assert error["error"][0] in {"invalid_request", "unsupported_response_type", "invalid_scope"}


def test_a_public_client_that_says_nothing_of_pkce_is_refused_at_the_first_step(
    world: "World", ann: "Person"
) -> None:
    without = {name: FORM[name] for name in FORM if not name.startswith("code_challenge")}

    answer = world.nobody().post("/oauth/authorize", query_string=without, data=PERSON, headers=HTML)

    assert parse_qs(urlsplit(answer.headers["Location"]).query)["error"] == ["invalid_request"]


def test_a_code_is_good_once_and_its_second_use_ends_what_it_opened(world: "World", ann: "Person") -> None:
    code = world.code("ann@example.org")
    first = world.exchange(code).json

    assert world.exchange(code).json["error"] == "invalid_grant"

    assert (
        world.nobody()
        .get("/v1/homes", headers={"Authorization": f"Bearer {first['access_token']}"})
        .status_code
        == 401
    )
    assert _refresh(world, first["refresh_token"])[0] == 400
    assert ann.get("/v1/homes").status_code == 200  # her other session goes on


@pytest.mark.parametrize(
    "change",
    [
        {"code_verifier": "w" * 43},
        {"code_verifier": ""},
        {"redirect_uri": "http://127.0.0.1:4001/callback"},
        {"client_id": "somebody-else"},
        {"code": "unknown"},
        {"grant_type": "password", "username": "ann@example.org", "password": "a long enough one"},
    ],
)
def test_a_code_in_the_wrong_hands_is_worth_nothing(
    world: "World", ann: "Person", change: dict[str, str]
) -> None:
    answer = world.exchange(world.code("ann@example.org"), **change)

    assert answer.status_code == 400
    assert "access_token" not in answer.json


def test_a_code_is_good_for_a_minute(world: "World", ann: "Person") -> None:
    code = world.code("ann@example.org")

    world.clock.forward(seconds=61)

    assert world.exchange(code).json["error"] == "invalid_grant"


def test_an_access_token_is_an_es256_jwt_good_for_15_minutes(
    world: "World", ann: "Person", keys: KeySet
) -> None:
    token = jwt.decode(ann.token or "", keys, algorithms=["ES256"])

    assert token.header["alg"] == "ES256"
    assert token.header["typ"] == "at+jwt"  # RFC 9068, 2.1
    assert token.claims["exp"] - token.claims["iat"] == 900
    assert token.claims["scope"] == "read advise control"
    world.clock.forward(minutes=14, seconds=59)
    assert ann.get("/v1/homes").status_code == 200
    world.clock.forward(seconds=2)
    assert ann.get("/v1/homes").status_code == 401


def test_a_token_of_another_key_or_without_signature_is_refused(
    world: "World", ann: "Person", keys: KeySet
) -> None:
    header, payload, _ = (ann.token or "").split(".")
    claims = jwt.decode(ann.token or "", keys, algorithms=["ES256"]).claims
    other = jwt.encode({"alg": "ES256", "kid": keys.keys[0].kid}, claims, make_key(), algorithms=["ES256"])
    unsigned = "eyJhbGciOiJub25lIn0." + payload + "."

    for forged in (other, unsigned, f"{header}.{payload}."):
        assert (
            world.nobody().get("/v1/homes", headers={"Authorization": f"Bearer {forged}"}).status_code == 401
        )


@pytest.mark.parametrize("claim", ["iss", "aud"])
def test_a_token_for_somebody_else_is_refused(
    world: "World", ann: "Person", keys: KeySet, claim: str
) -> None:
    claims = {**jwt.decode(ann.token or "", keys, algorithms=["ES256"]).claims, claim: "other"}
    key = keys.keys[0]

    token = jwt.encode({"alg": "ES256", "kid": key.kid}, claims, key, algorithms=["ES256"])

    assert world.nobody().get("/v1/homes", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_a_second_key_is_accepted_too_so_that_keys_can_be_rotated(
    world: "World", ann: "Person", keys: KeySet
) -> None:
    rotated = AccessTokens(FixedKeys(KeySet([make_key(), *keys.keys])), "http://127.0.0.1:8080")

    assert rotated.read(ann.token or "", world.clock.at).scopes == {"read", "advise", "control"}


def test_a_refresh_token_is_replaced_each_time(world: "World", ann: "Person") -> None:
    status, renewed = _refresh(world, ann.refresh_token)

    assert status == 200
    assert renewed["refresh_token"] != ann.refresh_token
    assert renewed["access_token"] != ann.token
    assert _refresh(world, renewed["refresh_token"])[0] == 200


def test_a_refresh_token_that_comes_again_ends_the_whole_family(world: "World", ann: "Person") -> None:
    _, renewed = _refresh(world, ann.refresh_token)

    assert _refresh(world, ann.refresh_token)[1]["error"] == "invalid_grant"

    assert _refresh(world, renewed["refresh_token"])[0] == 400
    bearer = {"Authorization": f"Bearer {renewed['access_token']}"}
    assert world.nobody().get("/v1/homes", headers=bearer).status_code == 401


def test_a_guessed_refresh_token_does_not_end_the_session(world: "World", ann: "Person") -> None:
    session_id = (ann.refresh_token or "").split(".")[0]

    assert _refresh(world, f"{session_id}.guess")[0] == 400

    assert _refresh(world, ann.refresh_token)[0] == 200


def test_a_refresh_may_ask_for_less_but_not_for_more(world: "World") -> None:
    reader = world.sign_up(scope="read advise")

    assert _refresh(world, reader.refresh_token, scope="read control")[1]["error"] == "invalid_scope"
    assert _refresh(world, reader.refresh_token, scope="read")[1]["scope"] == "read"


def test_a_session_ends_after_30_days_however_often_it_was_refreshed(world: "World", ann: "Person") -> None:
    world.clock.forward(days=29)
    _, renewed = _refresh(world, ann.refresh_token)
    world.clock.forward(days=1, seconds=1)

    assert _refresh(world, renewed["refresh_token"])[0] == 400


@pytest.mark.parametrize("kind", ["token", "refresh_token"])
def test_revoking_either_token_ends_the_session_at_once(world: "World", ann: "Person", kind: str) -> None:
    form = {"token": getattr(ann, kind), "client_id": "ac-advisor-app"}

    assert world.nobody().post("/oauth/revoke", data=form).status_code == 200

    assert ann.get("/v1/homes").status_code == 401
    assert _refresh(world, ann.refresh_token)[0] == 400


def test_revoking_an_unknown_token_succeeds(world: "World") -> None:
    # RFC 7009, 2.2: "invalid tokens do not cause an error response".
    form = {"token": "unknown", "client_id": "ac-advisor-app"}

    assert world.nobody().post("/oauth/revoke", data=form).status_code == 200


@pytest.mark.parametrize("endpoint", ["token", "revoke", "introspect", "device"])
def test_without_tls_a_client_elsewhere_is_refused_in_the_words_of_oauth(
    world: "World", endpoint: str
) -> None:
    answer = world.nobody().post(f"/oauth/{endpoint}", base_url="http://api.example", data={"token": "x"})

    assert (answer.status_code, answer.json["error"]) == (400, "insecure_transport")


def test_no_secret_is_stored_as_it_is(world: "World", ann: "Person") -> None:
    code = world.code("ann@example.org")
    stored = [f"{row.pk} {row.sk} {row.body}" for row in world.state._rows.values()]

    for secret in ((ann.refresh_token or "").split(".")[1], ann.token or "", code):
        assert not any(secret in text for text in stored)


def test_an_access_token_cannot_grant_more_than_it_may(world: "World") -> None:
    reader = world.sign_up(scope="read")

    answer = reader.post("/oauth/authorize", data=FORM, headers={"Accept": "application/json"})

    assert answer.status_code == 401


def test_the_pages_session_grants_without_a_password(world: "World", ann: "Person") -> None:
    browser = world.app.test_client()
    browser.post("/login", data=PERSON)

    assert "Continue as ann@example.org" in browser.get("/oauth/authorize", query_string=FORM).text
    granted = browser.post("/oauth/authorize", query_string=FORM, headers=HTML)
    assert "code=" in granted.headers["Location"]
    forged = browser.post("/oauth/authorize", query_string=FORM, headers={"Sec-Fetch-Site": "cross-site"})
    assert forged.status_code == 403


def test_a_loopback_address_may_have_any_port_and_another_must_match_exactly() -> None:
    client = find_client(
        MemoryStateStore(),
        "ac-advisor-app",
        ("http://127.0.0.1/cb", "https://app.example/cb", "acadvisor://cb"),
    )
    assert client is not None

    for good in ("http://127.0.0.1:1/cb", "http://127.0.0.1/cb", "https://app.example/cb", "acadvisor://cb"):
        assert client.check_redirect_uri(good)
    for bad in (
        "https://app.example:444/cb",
        "https://127.0.0.1:1/cb",
        "http://127.0.0.1:1/cb?x=1",
        "http://[::1",
    ):
        assert not client.check_redirect_uri(bad)
