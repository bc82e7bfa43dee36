"""The API over memory stores, and the people who use it."""

import base64
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import pytest
from flask import Flask
from joserfc.jwk import KeySet
from werkzeug.routing import Rule

from cloud.adapters.memory_lake import MemoryLake
from cloud.adapters.memory_mailer import MemoryMailer
from cloud.adapters.memory_state import MemoryStateStore
from cloud.adapters.memory_telemetry import MemoryReadingLog
from cloud.admission import first_writes
from cloud.device_history import WholeHistory
from cloud.ports.api import ApiStores
from cloud.ports.records import (
    INBOX_PK,
    AdviceRecord,
    ClaimRecord,
    Counterfactual,
    DeviceRecord,
    InboxEntry,
    claim_pk,
    device_pk,
)
from cloud.ports.state import Item, Put
from cloud.ports.telemetry import IngestCommit
from edge.contract import Telemetry
from mobile_api.app import create_app
from mobile_api.config import ApiSettings
from mobile_api.keys import FixedKeys, make_key
from mobile_api.passwords import Passwords
from mobile_api.services import services

Reply: TypeAlias = Any
"""A `werkzeug.test.TestResponse`, whose `json` is whatever the test says it is."""

T0 = datetime(2026, 7, 14, 12, 0, tzinfo=UTC)
PASSWORD = "a long enough one"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
HOME = {"name": "Flat", "latitude_deg": 45.0, "longitude_deg": 9.0, "timezone": "Europe/Rome"}
APP = {
    "response_type": "code",
    "client_id": "ac-advisor-app",
    "redirect_uri": "http://127.0.0.1:4000/callback",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


@dataclass(slots=True)
class Clock:
    """The wall clock of a test."""

    at: datetime = T0

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **span: float) -> None:
        self.at += timedelta(**span)


@dataclass(slots=True)
class Person:
    """Somebody with an app: the test client and a token."""

    app: Flask
    token: str | None = None
    refresh_token: str | None = None

    def call(self, method: str, path: str, **options: Any) -> Reply:  # noqa: ANN401 (werkzeug's options)
        headers = dict(options.pop("headers", {}))
        if self.token is not None:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        return self.app.test_client(use_cookies=False).open(path, method=method, headers=headers, **options)

    def get(self, path: str, **options: Any) -> Reply:  # noqa: ANN401 (the same)
        return self.call("GET", path, **options)

    def post(self, path: str, **options: Any) -> Reply:  # noqa: ANN401 (the same)
        return self.call("POST", path, **options)

    def put(self, path: str, **options: Any) -> Reply:  # noqa: ANN401 (the same)
        return self.call("PUT", path, **options)

    def delete(self, path: str, **options: Any) -> Reply:  # noqa: ANN401 (the same)
        return self.call("DELETE", path, **options)


@dataclass(slots=True)
class World:
    """The API, its stores and its clock."""

    state: MemoryStateStore
    readings: MemoryReadingLog
    clock: Clock
    app: Flask
    lake: MemoryLake
    people: int = field(default=0)
    mailer: MemoryMailer = field(default_factory=MemoryMailer)

    def nobody(self) -> Person:
        return Person(self.app)

    def code(self, email: str, **fields: str) -> str:
        form = {**APP, "email": email, "password": PASSWORD, **fields}
        answer = self.nobody().post("/oauth/authorize", data=form, headers={"Accept": "application/json"})
        assert answer.status_code == 200, answer.text
        code: str = answer.json["authorization_code"]
        return code

    def exchange(self, code: str, /, **fields: str) -> Reply:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "code_verifier": VERIFIER,
            "client_id": APP["client_id"],
            "redirect_uri": APP["redirect_uri"],
            **fields,
        }
        return self.nobody().post("/oauth/token", data=form)

    def sign_up(self, email: str | None = None, **fields: str) -> Person:
        self.people += 1
        email = email or f"person{self.people}@example.org"
        created = self.nobody().post("/v1/accounts", json={"email": email, "password": PASSWORD})
        assert created.status_code == 201, created.text
        tokens = self.exchange(self.code(email, **fields)).json
        return Person(self.app, tokens["access_token"], tokens["refresh_token"])

    def renew(self, person: Person) -> None:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": person.refresh_token,
            "client_id": APP["client_id"],
        }
        tokens = self.nobody().post("/oauth/token", data=form).json
        person.token, person.refresh_token = tokens["access_token"], tokens["refresh_token"]

    def home_of(self, person: Person) -> str:
        created = person.post("/v1/homes", json=HOME)
        assert created.status_code == 201, created.text
        home_id: str = created.json["home_id"]
        return home_id

    def show_code(self, device_id: str, code: str) -> None:
        claim = ClaimRecord(code=code, device_id=device_id)
        device = DeviceRecord(device_id=device_id)
        self.state.transact(
            [
                Put(claim_pk(code), "claim", claim.model_dump(mode="json")),
                Put(device_pk(device_id), "device", device.model_dump(mode="json")),
            ]
        )

    def show_gateway_code(self, gateway_id: str, code: str) -> None:
        claim = ClaimRecord(code=code, device_id=gateway_id, kind="gateway")
        self.state.transact([Put(claim_pk(code), "claim", claim.model_dump(mode="json"))])

    def register_behind(self, gateway_id: str, device_id: str) -> None:
        self.state.transact(first_writes(DeviceRecord(device_id=device_id, gateway_id=gateway_id)))

    def overwrite(self, item: Item, **changes: object) -> None:
        self.state.transact([Put(item.pk, item.sk, {**item.body, **changes})])

    def gateway_of(self, person: Person, home_id: str, gateway_id: str = "gw-1") -> str:
        self.show_gateway_code(gateway_id, f"CODE-{gateway_id}")
        body = {"code": f"CODE-{gateway_id}", "home_id": home_id}
        claimed = person.post("/v1/gateways/claim", json=body)
        assert claimed.status_code == 201, claimed.text
        return gateway_id

    def join(self, owner: Person, home_id: str, role: str, email: str | None = None) -> Person:
        """Somebody new in a home, by invitation."""
        invited = owner.post(f"/v1/homes/{home_id}/invitations", json={"role": role})
        assert invited.status_code == 201, invited.text
        person = self.sign_up(email)
        joined = person.post("/v1/invitations/accept", json={"code": invited.json["code"]})
        assert joined.json == {"home_id": home_id, "role": role}, joined.text
        return person

    def device_of(self, person: Person, device_id: str = "dev-1") -> str:
        self.show_code(device_id, f"CODE-{device_id}")
        body = {"code": f"CODE-{device_id}", "home_id": self.home_of(person)}
        claimed = person.post("/v1/devices/claim", json=body)
        assert claimed.status_code == 201, claimed.text
        return device_id

    def advise(self, device_id: str, **changes: object) -> AdviceRecord:
        advice = AdviceRecord.model_validate(
            {
                "advice_id": f"advice-{device_id}",
                "device_id": device_id,
                "setpoint_c": 25.5,
                "mode": "cool",
                "fan": None,
                "made_at": self.clock.at,
                "valid_until": self.clock.at + timedelta(hours=2),
                "expected_saving_kwh": 1.1,
                "saving_interval_kwh": (0.7, 1.5),
                "expected_saving_money": 0.33,
                "saving_interval_money": (0.21, 0.45),
                "currency": "EUR",
                "notice_probability": 0.04,
                "reason": "Nobody has minded 25.5 °C in the afternoon.",
                "counterfactual": Counterfactual(
                    habit_setpoint_c=24.0,
                    habit_kwh=5.0,
                    advised_kwh=3.9,
                    until=self.clock.at + timedelta(hours=8),
                ),
                "status": "offered",
                "champion": "v1",
                **changes,
            }
        )
        self.state.transact([Put(device_pk(device_id), "advice", advice.model_dump(mode="json"))])
        return advice

    def reading(self, device_id: str, at: datetime, **fields: object) -> Telemetry:
        return Telemetry.model_validate(
            {
                "device_id": device_id,
                "sampled_at": at,
                "mode": "cool",
                "setpoint_c": 24.0,
                "indoor_dry_bulb_c": 24.5,
                "outdoor_dry_bulb_c": 31.0,
                "electric_power_w": 600.0,
                **fields,
            }
        )

    def report(self, device_id: str, at: datetime, **fields: object) -> Telemetry:
        reading = self.reading(device_id, at, **fields)
        self.readings.commit(IngestCommit(readings=[reading]))
        return reading

    def flush_post(self) -> None:
        """Return when every mail has left."""
        with self.app.app_context():
            services().post.flush()

    def inbox(self) -> list[InboxEntry]:
        return [InboxEntry.model_validate(item.body) for item in self.state.query(INBOX_PK)]


MakeWorld = Callable[..., World]


@pytest.fixture(scope="session", autouse=True)
def routes_are_compiled_once() -> Iterator[None]:
    """Every test has an app of its own; nine tenths of making one would go into the builders of its paths."""
    make, made = Rule._compile_builder, dict[tuple[Any, ...], Any]()

    def kept(rule: Rule, append_unknown: bool = True) -> Any:  # noqa: ANN401, FBT001, FBT002 (as werkzeug's)
        key = (rule.rule, *sorted((rule.defaults or {}).items()), append_unknown)
        if key not in made:
            made[key] = make(rule, append_unknown)
        return made[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "_compile_builder", kept)
        yield


@pytest.fixture(scope="session")
def keys() -> KeySet:
    return KeySet([make_key()])


@pytest.fixture(scope="session")
def make_world(keys: KeySet) -> MakeWorld:
    def make(**settings: Any) -> World:  # noqa: ANN401 (settings of any type)
        clock, readings, lake = Clock(), MemoryReadingLog(), MemoryLake()
        state, mailer = MemoryStateStore(clock), MemoryMailer()
        app = create_app(
            ApiStores(state, readings, WholeHistory(readings, lake), readings),
            FixedKeys(keys),
            ApiSettings(**settings),
            now=clock,
            passwords=Passwords(memory_kib=8, time_cost=1),
            mailer=mailer,
        )
        return World(state, readings, clock, app, lake, mailer=mailer)

    return make


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    return make_world()
