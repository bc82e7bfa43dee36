"""Another issuer's tokens, over HTTP from a stand-in: who they stand for, also while it is down."""

import base64
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from cloud.adapters.memory_lake import MemoryLake
from cloud.adapters.memory_state import MemoryStateStore
from cloud.adapters.memory_telemetry import MemoryReadingLog
from cloud.device_history import WholeHistory
from cloud.ports.api import ApiStores
from mobile_api.app import create_app
from mobile_api.config import ApiSettings
from mobile_api.keys import FixedKeys, make_key
from mobile_api.operators import grant_operator
from mobile_api.passwords import Passwords
from mobile_api.remote_keys import ASK_AGAIN, FRESH_FOR, KEPT_FOR, MAX_BYTES, RemoteKeys

T0 = datetime(2026, 7, 14, 12, 0, tzinfo=UTC)
AUDIENCE = "our-client-there"
ANN = "ann@example.org"
OTHER_KEYS = json.dumps(KeySet([make_key()]).as_dict(private=False)).encode()
Answer: TypeAlias = Any


class Issuer:
    """A stand-in for an OpenID provider: a key set on loopback, and tokens signed with it."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "k1"}, private=True)
        self.body: bytes | None = None
        self.status = 200
        self.asked = 0
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                stand_in.asked += 1
                self.send_response(stand_in.status)
                self.send_header("Location", "/elsewhere")
                self.end_headers()
                self.wfile.write(stand_in.key_set())

            def log_message(self, *_: object) -> None:
                """A test is silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def key_set(self) -> bytes:
        if self.body is not None:
            return self.body
        return json.dumps(KeySet([self.key]).as_dict(private=False)).encode()

    def token(self, key: Any = None, header: Any = None, **changes: Any) -> str:  # noqa: ANN401 (a JWT's)
        claims = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "subject-1",
            "email": ANN,
            "email_verified": True,
            "iat": int(T0.timestamp()),
            "exp": int((T0 + timedelta(hours=1)).timestamp()),
            **changes,
        }
        kept = {name: value for name, value in claims.items() if value is not None}
        head = {"alg": "RS256", "kid": "k1", **(header or {})}
        return jwt.encode(head, kept, key or self.key, algorithms=[head["alg"]])


class Api:
    """The API that trusts the issuer."""

    def __init__(self, issuer: Issuer) -> None:
        self.now = T0
        self.state = MemoryStateStore(lambda: self.now)
        readings = MemoryReadingLog()
        self.app = create_app(
            ApiStores(self.state, readings, WholeHistory(readings, MemoryLake()), readings),
            FixedKeys(KeySet([make_key()])),
            ApiSettings(oidc_issuer=issuer.url, oidc_audience=AUDIENCE, oidc_jwks_url=f"{issuer.url}/keys"),
            now=lambda: self.now,
            passwords=Passwords(memory_kib=8, time_cost=1),
        )

    def call(self, path: str, token: str, method: str = "GET") -> Answer:
        headers = {"Authorization": f"Bearer {token}"}
        return self.app.test_client(use_cookies=False).open(path, method=method, headers=headers)

    def sign_up(self) -> str:
        body = {"email": ANN, "password": "a long enough one"}
        self.app.test_client().post("/v1/accounts", json=body)
        found: str = self.state.query(f"email#{ANN}")[0].body["account_id"]
        return found

    def signs_in(self) -> bool:
        form = {"email": ANN, "password": "a long enough one"}
        return self.app.test_client().post("/login", data=form).status_code == 303


def _encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def running() -> Iterator[Issuer]:
    issuer = Issuer()
    yield issuer
    issuer.server.shutdown()
    issuer.server.server_close()
    issuer.thread.join()


@pytest.fixture
def issuer(running: Issuer) -> Issuer:
    running.status, running.body, running.asked = 200, None, 0
    return running


@pytest.fixture
def api(issuer: Issuer) -> Api:
    return Api(issuer)


def test_a_verified_address_stands_for_its_account_and_its_subject_ever_after(
    api: Api, issuer: Issuer
) -> None:
    first = api.call("/v1/accounts/me", issuer.token())
    other_address = api.call("/v1/accounts/me", issuer.token(email="new@example.org"))
    without = api.call("/v1/accounts/me", issuer.token(email=None))

    assert first.status_code == 200
    assert first.json["email"] == ANN
    assert other_address.json == without.json == first.json
    assert issuer.asked == 1


def test_an_account_whose_address_was_never_confirmed_loses_its_password(api: Api, issuer: Issuer) -> None:
    """Somebody may have signed up with her address before she came: they must not share the account."""
    account_id = api.sign_up()
    assert api.signs_in()

    found = api.call("/v1/accounts/me", issuer.token()).json

    assert (found["account_id"], found["email_verified"]) == (account_id, True)
    assert not api.signs_in()
    assert api.state.query(f"account#{account_id}", prefix="session#") == []


@pytest.mark.parametrize("verified", [False, None, "false", 1])
def test_an_address_that_is_not_verified_stands_for_nobody(
    api: Api, issuer: Issuer, verified: object
) -> None:
    api.sign_up()

    assert api.call("/v1/accounts/me", issuer.token(email_verified=verified)).status_code == 401
    assert api.signs_in()


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "somebody-else"},
        {"aud": None},
        {"aud": None, "client_id": AUDIENCE},
        {"iss": "https://evil.example"},
        {"exp": int(T0.timestamp()) - 120},
        {"exp": None},
        {"iat": None},
        {"sub": None},
        {"sub": ""},
        {"nbf": int(T0.timestamp()) + 600},
    ],
)
def test_a_token_for_others_or_out_of_its_time_is_refused(
    api: Api, issuer: Issuer, changes: dict[str, object]
) -> None:
    assert api.call("/v1/homes", issuer.token(**changes)).status_code == 401


def test_a_token_by_another_key_or_algorithm_is_refused(api: Api, issuer: Issuer) -> None:
    public = issuer.key.as_pem(private=False)
    # The classic: the public key, which everybody knows, taken for a shared secret.
    forged = issuer.token(RSAKey.generate_key(2048, private=True))
    head, body, _ = issuer.token().split(".")
    head_of_secrets = _encoded(b'{"alg":"HS256","kid":"k1"}')
    symmetric = f"{head_of_secrets}.{body}"
    confused = f"{symmetric}.{_encoded(hmac.digest(public, symmetric.encode(), 'sha256'))}"
    unsigned = f"eyJhbGciOiJub25lIiwia2lkIjoiazEifQ.{body}."

    for token in (confused, forged, unsigned, f"{head}.{body}.", f"{head}.{body}"):
        assert api.call("/v1/homes", token).status_code == 401


def test_cognitos_access_tokens_name_the_client_in_place_of_an_audience(api: Api, issuer: Issuer) -> None:
    scope = "openid ac-advisor/read"
    cognito = {"aud": None, "client_id": AUDIENCE, "token_use": "access", "scope": scope}

    assert api.call("/v1/homes", issuer.token(**cognito)).status_code == 200
    assert (
        api.call("/v1/accounts/me", issuer.token(**cognito), "DELETE").status_code == 403
    )  # wants `control`


def test_admin_is_for_operators_of_ours_whatever_the_issuer_says(api: Api, issuer: Issuer) -> None:
    token = issuer.token(scope="read admin")
    api.call("/v1/homes", token)
    assert api.call("/v1/audit", token).status_code == 403

    with api.app.app_context():
        grant_operator(api.state, ANN, api.now)

    assert api.call("/v1/audit", token).status_code == 200
    assert api.call("/v1/audit", issuer.token()).status_code == 403


def test_a_deleted_account_does_not_come_back_by_the_same_token(api: Api, issuer: Issuer) -> None:
    token = issuer.token()
    assert api.call("/v1/accounts/me", token, "DELETE").status_code == 204

    assert api.call("/v1/accounts/me", token).status_code == 401

    api.now += timedelta(minutes=1)
    again = issuer.token(iat=int(api.now.timestamp()))
    assert api.call("/v1/accounts/me", again).status_code == 200


def test_unknown_key_ids_do_not_make_us_ask_again_and_again(api: Api, issuer: Issuer) -> None:
    assert api.call("/v1/homes", issuer.token()).status_code == 200

    for n in range(20):
        assert api.call("/v1/homes", issuer.token(header={"kid": f"k{n + 2}"})).status_code == 401

    assert issuer.asked == 1


def test_a_new_key_of_the_issuer_is_found_within_a_minute(issuer: Issuer) -> None:
    keys = RemoteKeys(f"{issuer.url}/keys")
    assert keys.key_for("k1", T0) is not None
    new = ECKey.generate_key("P-256", {"kid": "k2"}, private=True)
    issuer.body = json.dumps(KeySet([issuer.key, new]).as_dict(private=False)).encode()

    assert keys.key_for("k2", T0 + ASK_AGAIN) is not None


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, OTHER_KEYS),
        (302, OTHER_KEYS),
        (200, b"not json"),
        (200, b"[]"),
        (200, b'{"keys": 1}'),
        (200, b'{"keys": [' + b" " * MAX_BYTES + b"]}"),
        (200, b'{"keys": [{"kty": "RSA", "kid": "k1"}]}'),
    ],
)
def test_an_issuer_that_is_not_well_is_kept_to_for_a_day_and_then_answered_for_with_503(
    api: Api, issuer: Issuer, status: int, body: bytes
) -> None:
    keys = RemoteKeys(f"{issuer.url}/keys")
    keys.key_for("k1", T0)
    issuer.status, issuer.body = status, body

    assert keys.key_for("k1", T0 + FRESH_FOR) is not None
    assert keys.key_for("k1", T0 + KEPT_FOR) is None
    assert api.call("/v1/homes", issuer.token()).status_code == 503


def test_keys_are_not_fetched_in_the_clear_from_another_machine(api: Api) -> None:
    with pytest.raises(Exception, match="cannot be had"):
        RemoteKeys("http://192.0.2.1/keys").key_for("k1", T0)
