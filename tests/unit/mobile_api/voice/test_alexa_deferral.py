"""What would miss Alexa's 8 s is promised in time, and sent to the event gateway when it is known."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from edge.contract import Telemetry
from mobile_api.voice.patience import Patience
from tests.unit.mobile_api.conftest import Person, World
from tests.unit.mobile_api.voice.alexa_schema import faults_of, needs_validators
from tests.unit.mobile_api.voice.test_alexa_directives import kind_of, value_of
from tests.unit.mobile_api.voice.test_alexa_route import SETPOINT, ask
from tests.unit.mobile_api.voice.vendor_stand_in import StandIn, grant

ANSWER_S = 0.3
"""Of these tests; 6.5 in truth [s]."""


@pytest.fixture
def world(telling_world: World) -> World:
    desk = telling_world.app.extensions["ac_advisor_voice"]
    desk.patience = Patience(read_back_s=0.2, answer_s=ANSWER_S, late_read_back_s=0.9)
    return telling_world


@pytest.fixture
def person(world: World) -> Person:
    person = world.sign_up()
    world.report(world.device_of(person), world.clock.at)
    return person


def timed(ask_it: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The answer, which comes in time."""
    began_s = time.monotonic()
    answer = ask_it()
    assert time.monotonic() - began_s < ANSWER_S + 0.5  # a loaded machine
    return answer


def late(outside: StandIn, within_s: float = 5.0) -> dict[str, Any]:
    """The only event that is sent."""
    until_s = time.monotonic() + within_s
    while not outside.events and time.monotonic() < until_s:
        time.sleep(0.02)
    (event,) = outside.events
    assert outside.faults == []
    return event


@needs_validators
def test_a_slow_device_is_promised_and_its_read_back_follows(
    world: World, person: Person, outside: StandIn
) -> None:
    grant(world, person)
    answer = timed(lambda: ask(person, "SetTargetTemperature", targetSetpoint=SETPOINT))
    world.clock.forward(seconds=7)
    world.report("dev-1", world.clock.at, setpoint_c=26.0, changed_by="voice")
    event = late(outside)

    assert kind_of(answer) == "DeferredResponse"
    assert faults_of(answer) == []
    assert kind_of(event) == "Response"
    assert value_of(event, "targetSetpoint") == SETPOINT
    tokens = [each["event"]["header"]["correlationToken"] for each in (answer, event)]
    assert tokens[0] == tokens[1]
    assert event["event"]["endpoint"]["scope"]["token"] == outside.good


def test_a_device_that_never_says_so_is_no_success(world: World, person: Person, outside: StandIn) -> None:
    grant(world, person)
    assert kind_of(ask(person, "SetTargetTemperature", targetSetpoint=SETPOINT)) == "DeferredResponse"

    event = late(outside)
    assert (kind_of(event), event["event"]["payload"]["message"]) == (
        "ENDPOINT_UNREACHABLE",
        "sent, not confirmed",
    )


def test_a_slow_store_is_promised_too(
    world: World, person: Person, outside: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant(world, person)
    released, latest = threading.Event(), world.readings.latest

    def slow(device_id: str) -> Telemetry | None:
        released.wait(10)
        return latest(device_id)

    monkeypatch.setattr(world.readings, "latest", slow)
    answer = timed(lambda: ask(person, "ReportState", "Alexa"))
    assert outside.events == []
    released.set()

    assert kind_of(answer) == "DeferredResponse"
    assert kind_of(late(outside)) == "StateReport"


def test_without_a_grant_nothing_is_promised(world: World, person: Person, outside: StandIn) -> None:
    answer = timed(lambda: ask(person, "SetTargetTemperature", targetSetpoint=SETPOINT))

    assert kind_of(answer) == "ENDPOINT_UNREACHABLE"
    assert outside.events == []


def test_what_is_quick_is_answered_at_once(world: World, person: Person, outside: StandIn) -> None:
    grant(world, person)

    assert kind_of(ask(person, "ReportState", "Alexa")) == "StateReport"
    assert outside.events == []
