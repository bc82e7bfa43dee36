"""The event gateway: what a local stand-in is sent, which checks it against Amazon's schema."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from cloud.adapters.memory_state import MemoryStateStore
from mobile_api.voice.alexa_directives import Desk, GrantRefusedError, handle_directive
from mobile_api.voice.alexa_events import AlexaEvents
from mobile_api.voice.alexa_grants import AlexaGrants
from mobile_api.voice.outbound import ReportRefusedError, VendorUnreachableError, send
from tests.unit.mobile_api.conftest import Clock
from tests.unit.mobile_api.voice.alexa_schema import faults_of, needs_validators
from tests.unit.mobile_api.voice.memory_house import TOKEN, MemoryHouse, aircon
from tests.unit.mobile_api.voice.vendor_stand_in import StandIn


@pytest.fixture
def amazon(outside: StandIn) -> StandIn:
    return outside


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def events(amazon: StandIn, clock: Clock) -> AlexaEvents:
    state = MemoryStateStore(clock)
    grants = AlexaGrants(state, send, f"{amazon.url}/token", "client", "shh", clock)
    return AlexaEvents(grants, send, f"{amazon.url}/v3/events", lambda: "id-1")


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
    "DeleteReport": lambda events: events.tell_gone("acc-1", ["dev-1"]),
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


@needs_validators
@pytest.mark.parametrize(
    "wrong",
    [
        {"endpoints": [{"endpointId": "dev-1", "friendlyName": "Bedroom"}]},
        {"endpoints": [{"endpointId": "not one!"}]},
        {"endpoints": [{}]},
        {"scope": None},
    ],
)
def test_a_report_of_devices_that_went_is_checked_too(
    granted: AlexaEvents, amazon: StandIn, wrong: dict[str, object]
) -> None:
    TELL["DeleteReport"](granted)
    (event,) = amazon.events

    event["event"]["payload"] |= wrong

    assert faults_of(event) != []


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


def test_trouble_of_the_gateway_is_told_apart_from_an_event_at_fault(
    granted: AlexaEvents, amazon: StandIn
) -> None:
    amazon.statuses, amazon.retry_after = [429], "7"
    with pytest.raises(VendorUnreachableError) as trouble:
        TELL["ChangeReport"](granted)
    assert trouble.value.after_s == 7.0
    amazon.statuses = [400]
    with pytest.raises(ReportRefusedError):
        TELL["ChangeReport"](granted)
    assert amazon.events == []


def test_who_disables_the_skill_is_told_no_more(granted: AlexaEvents, amazon: StandIn) -> None:
    amazon.statuses, amazon.body = [403], b'{"payload":{"code":"SKILL_DISABLED_EXCEPTION"}}'
    assert TELL["ChangeReport"](granted) == "no_grant"
    assert list(granted.grants.account_ids()) == []


def test_a_grant_that_amazon_ends_is_forgotten(granted: AlexaEvents, amazon: StandIn, clock: Clock) -> None:
    clock.at += timedelta(hours=1)
    amazon.good = ""
    assert TELL["ChangeReport"](granted) == "no_grant"
    assert list(granted.grants.account_ids()) == []


def test_a_code_that_amazon_refuses_is_no_grant(events: AlexaEvents) -> None:
    with pytest.raises(GrantRefusedError):
        events.grants.accept("acc-1", "s-1", "bad")
    assert list(events.grants.account_ids()) == []
