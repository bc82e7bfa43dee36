"""Home Graph: what Google is told unasked, in what words, and what happens when it does not listen."""

import json
from typing import Any
from urllib.parse import parse_qs

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from pydantic import SecretStr

from mobile_api.voice.google_graph import HomeGraph, ServiceAccount, UnlinkedError
from mobile_api.voice.outbound import Call, Reply, ReportRefusedError, VendorUnreachableError
from tests.unit.mobile_api.conftest import Clock
from tests.unit.mobile_api.voice.memory_house import aircon

TOKEN_URL = "https://oauth2.example/token"
GRAPH_URL = "https://graph.example/v1"


class StandIn:
    """Google's token server and Home Graph; `statuses` are answered first."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.tokens = 0
        self.statuses: list[int] = []

    def __call__(self, call: Call) -> Reply:
        if call.url == TOKEN_URL:
            self.tokens += 1
            return Reply(200, json.dumps({"access_token": f"t{self.tokens}", "expires_in": 3600}).encode())
        if self.statuses:
            return Reply(self.statuses.pop(0), b"")
        self.calls.append(call)
        return Reply(200, b"{}")

    def told(self) -> list[Any]:
        return [json.loads(call.body) for call in self.calls]


@pytest.fixture(scope="module")
def key() -> RSAKey:
    return RSAKey.generate_key(2048)


@pytest.fixture
def google() -> StandIn:
    return StandIn()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def graph(key: RSAKey, google: StandIn, clock: Clock) -> HomeGraph:
    pem = key.as_pem(private=True).decode()
    account = ServiceAccount(client_email="a@b.example", private_key=SecretStr(pem), token_uri=TOKEN_URL)
    return HomeGraph(account, google, GRAPH_URL, lambda: "id-1", clock)


def test_a_state_is_reported_as_query_would_tell_it(graph: HomeGraph, google: StandIn) -> None:
    graph.report_state("acc-1", {"dev-1": aircon()})

    assert google.calls[0].url == f"{GRAPH_URL}/devices:reportStateAndNotification"
    assert google.calls[0].headers["Authorization"] == "Bearer t1"
    (told,) = google.told()
    assert told["agentUserId"] == "acc-1"
    assert told["payload"]["devices"]["states"]["dev-1"]["thermostatTemperatureSetpoint"] == 24.0


def test_a_sync_is_asked_for(graph: HomeGraph, google: StandIn) -> None:
    graph.request_sync("acc-1")

    assert google.calls[0].url == f"{GRAPH_URL}/devices:requestSync"
    assert google.told() == [{"agentUserId": "acc-1", "async": True}]


def test_the_token_is_asked_for_with_a_signed_assertion_and_kept(
    graph: HomeGraph, google: StandIn, clock: Clock, key: RSAKey
) -> None:
    assertion = graph._assertion(clock())
    claims = jwt.decode(assertion, key, algorithms=["RS256"]).claims
    assert (claims["iss"], claims["aud"]) == ("a@b.example", TOKEN_URL)
    assert claims["exp"] - claims["iat"] == 3600

    graph.request_sync("acc-1")
    graph.request_sync("acc-1")
    assert google.tokens == 1
    clock.forward(minutes=56)  # of 60; it is replaced 5 minutes early
    graph.request_sync("acc-1")
    google.statuses = [401]
    graph.request_sync("acc-1")
    assert google.tokens == 3


@pytest.mark.parametrize(
    ("status", "kind"), [(503, VendorUnreachableError), (404, UnlinkedError), (400, ReportRefusedError)]
)
def test_what_google_does_not_take_is_told_apart(
    graph: HomeGraph, google: StandIn, status: int, kind: type[Exception]
) -> None:
    google.statuses = [status]
    with pytest.raises(kind):
        graph.request_sync("acc-1")
    assert google.calls == []


def test_a_form_that_google_understands(graph: HomeGraph, google: StandIn) -> None:
    forms: list[Any] = []

    def transport(call: Call) -> Reply:
        if call.url == TOKEN_URL:
            forms.append(parse_qs(call.body.decode()))
        return google(call)

    graph.send = transport
    graph.request_sync("acc-1")
    assert forms[0]["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
