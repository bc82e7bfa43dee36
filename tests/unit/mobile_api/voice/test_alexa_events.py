"""The event gateway: a local stand-in that checks what it is sent against Amazon's schema."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

import pytest

from cloud.adapters.memory_state import MemoryStateStore
from mobile_api.voice.alexa_directives import Desk, GrantRefusedError, handle_directive
from mobile_api.voice.alexa_events import MAX_TRIES, AlexaEvents, EventRefusedError
from mobile_api.voice.alexa_grants import AlexaGrants
from mobile_api.voice.outbound import VendorUnreachableError, send
from tests.unit.mobile_api.conftest import Clock
from tests.unit.mobile_api.voice.alexa_schema import faults_of, needs_validators
from tests.unit.mobile_api.voice.memory_house import TOKEN, MemoryHouse, aircon

Json = dict[str, Any]


@dataclass(slots=True)
class StandIn:
    """Login with Amazon and the event gateway in one; `statuses` are answered first, then 202."""

    url: str = ""
    good: str = "t-1"
    tokens: int = 0
    forms: list[Json] = field(default_factory=list[Json])
    events: list[Json] = field(default_factory=list[Json])
    statuses: list[int] = field(default_factory=list[int])
    body: bytes = b"{}"

    def give_token(self, form: Json) -> tuple[int, Json]:
        self.forms.append(form)
        if form.get("code") == "bad" or form["client_secret"] != "shh":
            return 400, {"error": "invalid_grant"}
        self.tokens += 1
        self.good = f"t-{self.tokens}"
        return 200, {
            "access_token": self.good,
            "refresh_token": "r-1",
            "expires_in": 3600,
            "token_type": "bearer",
        }

    def take_event(self, message: Json, bearer: str) -> int:
        if self.statuses:
            return self.statuses.pop(0)
        if bearer != f"Bearer {self.good}":
            return 401
        self.events.append(message)
        return 202


@pytest.fixture
def amazon() -> Iterator[StandIn]:
    stand_in = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/token":
                form = {key: value[0] for key, value in parse_qs(raw.decode()).items()}
                status, body = stand_in.give_token(form)
                out = json.dumps(body).encode()
            else:
                status, out = (
                    stand_in.take_event(json.loads(raw), self.headers["Authorization"]),
                    stand_in.body,
                )
            self.send_response(status)
            self.send_header("Content-Length", str(len(out)))
            self.end_headers()
            self.wfile.write(out)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stand_in.url = f"http://127.0.0.1:{server.server_address[1]}"
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield stand_in
    server.shutdown()
    server.server_close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def events(amazon: StandIn, clock: Clock, slept: list[float]) -> AlexaEvents:
    state = MemoryStateStore(clock)
    grants = AlexaGrants(state, send, f"{amazon.url}/token", "client", "shh", clock)
    return AlexaEvents(grants, send, f"{amazon.url}/v3/events", lambda: "id-1", slept.append)


@pytest.fixture
def granted(events: AlexaEvents) -> AlexaEvents:
    message = {
        "directive": {
            "header": {"namespace": "Alexa.Authorization", "name": "AcceptGrant", "payloadVersion": "3"},
            "payload": {"grant": {"code": "c-1"}, "grantee": {"type": "BearerToken", "token": TOKEN}},
        }
    }
    answer = handle_directive(message, Desk(MemoryHouse().open, lambda: "id-1", events.grants))
    assert answer["event"]["header"]["name"] == "AcceptGrant.Response"
    return events


TELL: dict[str, Callable[[AlexaEvents], str]] = {
    "ChangeReport": lambda events: events.tell_change(
        "acc-1", aircon(), ["targetSetpoint"], "PHYSICAL_INTERACTION"
    ),
    "AddOrUpdateReport": lambda events: events.tell_devices("acc-1", [aircon(name="")]),
}


@needs_validators
@pytest.mark.parametrize("name", TELL)
def test_what_is_told_is_valid(granted: AlexaEvents, amazon: StandIn, name: str) -> None:
    assert TELL[name](granted) == "told"

    (event,) = amazon.events
    assert event["event"]["header"]["name"] == name
    assert faults_of(event) == []


def test_what_has_changed_is_told_apart_from_what_has_not(granted: AlexaEvents, amazon: StandIn) -> None:
    TELL["ChangeReport"](granted)

    (event,) = amazon.events
    assert [each["name"] for each in event["event"]["payload"]["change"]["properties"]] == ["targetSetpoint"]
    assert "targetSetpoint" not in [each["name"] for each in event["context"]["properties"]]
    assert event["event"]["endpoint"]["scope"]["token"] == "t-1"


def test_devices_that_went_are_told(granted: AlexaEvents, amazon: StandIn) -> None:
    """Amazon's message schema of 2021 does not know this report; its documentation does."""
    granted.tell_gone("acc-1", ["dev-1"])

    payload = amazon.events[0]["event"]["payload"]
    assert payload == {
        "endpoints": [{"endpointId": "dev-1"}],
        "scope": {"type": "BearerToken", "token": "t-1"},
    }


def test_without_a_grant_nothing_is_sent(events: AlexaEvents, amazon: StandIn) -> None:
    assert TELL["ChangeReport"](events) == "no_grant"
    assert amazon.events == []


def test_a_token_is_renewed_before_it_ends_and_when_it_is_refused(
    granted: AlexaEvents, amazon: StandIn, clock: Clock
) -> None:
    clock.at += timedelta(minutes=56)  # of 60; it is replaced 5 minutes early
    TELL["ChangeReport"](granted)
    amazon.good = "another"  # revoked at Amazon's
    TELL["ChangeReport"](granted)

    assert [form["grant_type"] for form in amazon.forms] == ["authorization_code"] + ["refresh_token"] * 2
    assert len(amazon.events) == 2


def test_a_gateway_in_trouble_is_tried_again_and_given_up(
    granted: AlexaEvents, amazon: StandIn, slept: list[float]
) -> None:
    amazon.statuses = [503, 429]
    assert TELL["ChangeReport"](granted) == "told"
    assert slept == [0.5, 1.0]

    amazon.statuses = [503] * MAX_TRIES
    with pytest.raises(VendorUnreachableError):
        TELL["ChangeReport"](granted)


def test_an_event_that_is_at_fault_is_not_tried_again(granted: AlexaEvents, amazon: StandIn) -> None:
    amazon.statuses = [400, 400]
    with pytest.raises(EventRefusedError):
        TELL["ChangeReport"](granted)
    assert amazon.statuses == [400]


def test_who_disables_the_skill_is_told_no_more(granted: AlexaEvents, amazon: StandIn) -> None:
    amazon.statuses, amazon.body = [403], b'{"payload":{"code":"SKILL_DISABLED_EXCEPTION"}}'
    assert TELL["ChangeReport"](granted) == "no_grant"
    assert granted.grants.account_ids() == []


def test_a_code_that_amazon_refuses_is_no_grant(events: AlexaEvents) -> None:
    with pytest.raises(GrantRefusedError):
        events.grants.accept("acc-1", "bad")
    assert events.grants.account_ids() == []
