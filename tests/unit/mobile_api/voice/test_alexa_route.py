"""The route of Alexa Smart Home over the API's own stores, and the Lambda in front of it."""

import json
import threading
import time
from typing import Any

import pytest

from edge.contract import Desired
from mobile_api.voice.alexa_lambda import carry
from mobile_api.voice.outbound import Call, Reply, VendorUnreachableError
from mobile_api.voice.patience import Patience
from tests.unit.mobile_api.conftest import Person, World
from tests.unit.mobile_api.voice.test_alexa_directives import directive, kind_of, value_of
from tests.unit.mobile_api.voice.test_google_home import asking

Json = dict[str, Any]
PATH = "/voice/alexa/smart-home"


@pytest.fixture
def person(world: World) -> Person:
    world.app.extensions["ac_advisor_voice"].patience = Patience(read_back_s=0.3, answer_s=0.6)
    person = world.sign_up()
    world.report(world.device_of(person), world.clock.at)
    return person


def ask(person: Person, name: str, namespace: str = "Alexa.ThermostatController", **payload: Any) -> Json:  # noqa: ANN401 (JSON)
    message = directive(namespace, name, **payload)
    message["directive"]["endpoint"]["scope"]["token"] = person.token
    answer = person.app.test_client(use_cookies=False).post(PATH, json=message)
    assert answer.status_code == 200, answer.text
    found: Any = answer.json
    return dict(found)


SETPOINT = {"value": 26.0, "scale": "CELSIUS"}


def test_a_change_is_authored_and_not_said_to_be_done_before_it_is(world: World, person: Person) -> None:
    event = ask(person, "SetTargetTemperature", targetSetpoint=SETPOINT)

    assert kind_of(event) == "ENDPOINT_UNREACHABLE"
    assert event["event"]["payload"]["message"] == "sent, not confirmed"
    (entry,) = world.inbox()
    desired = Desired.model_validate(entry.command)
    assert (desired.setpoint_c, desired.requested_by) == (26.0, "voice")


def test_it_is_done_when_the_device_says_so(world: World, person: Person) -> None:
    def obey() -> None:
        while not world.inbox():
            time.sleep(0.01)
        world.clock.forward(seconds=1)
        world.report("dev-1", world.clock.at, setpoint_c=26.0, changed_by="voice")

    device = threading.Thread(target=obey)
    device.start()
    event = ask(person, "SetTargetTemperature", targetSetpoint=SETPOINT)
    device.join()

    assert kind_of(event) == "Response"
    assert value_of(event, "targetSetpoint") == SETPOINT


def test_eco_accepts_the_advice_in_the_name_of_voice(world: World, person: Person) -> None:
    world.advise("dev-1")

    ask(person, "SetThermostatMode", thermostatMode={"value": "ECO"})

    (entry,) = world.inbox()
    assert (entry.kind, entry.advice_id, entry.requested_by) == ("accepted", "advice-dev-1", "voice")


def test_another_persons_device_does_not_exist(world: World, person: Person) -> None:
    stranger = world.sign_up()

    assert kind_of(ask(stranger, "ReportState", "Alexa")) == "NO_SUCH_ENDPOINT"
    assert kind_of(ask(stranger, "TurnOff", "Alexa.PowerController")) == "NO_SUCH_ENDPOINT"
    assert kind_of(ask(person, "ReportState", "Alexa")) == "StateReport"
    assert world.inbox() == []


def test_a_token_without_the_scope_may_look_and_not_move(world: World, person: Person) -> None:
    looker = Person(
        world.app, world.exchange(world.code("person1@example.org", scope="read")).json["access_token"]
    )

    assert kind_of(ask(looker, "ReportState", "Alexa")) == "StateReport"
    assert kind_of(ask(looker, "TurnOff", "Alexa.PowerController")) == "INSUFFICIENT_PERMISSIONS"


def test_a_store_that_hangs_is_answered_for(
    world: World, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By either vendor's route; the patience of this test is 0.6 s."""
    released = threading.Event()
    monkeypatch.setattr(world.readings, "latest", lambda _: released.wait(10) and None)

    began = time.monotonic()
    event = ask(person, "ReportState", "Alexa")
    query = asking("QUERY", devices=[{"id": "dev-1"}])
    answer = person.post("/voice/google", json=query).json["payload"]
    took_s = time.monotonic() - began
    released.set()

    assert kind_of(event) == "INTERNAL_ERROR"
    assert answer == {"errorCode": "transientError", "devices": {}}
    assert took_s < 3.0


@pytest.mark.parametrize(
    ("registered", "reported", "offered"),
    [
        (None, "cool", ["OFF", "COOL", "HEAT", "AUTO", "ECO"]),
        (["cool", "dry"], "cool", ["OFF", "COOL", "ECO"]),
        (["heat"], "heat", ["OFF", "HEAT", "ECO"]),
        (["heat"], "cool", ["OFF", "COOL", "HEAT", "ECO"]),  # it does what it was not said to be able to
    ],
)
def test_what_a_device_can_do_is_offered_and_no_more(
    world: World, person: Person, registered: list[str] | None, reported: str, offered: list[str]
) -> None:
    item = world.state.get("device#dev-1", "device")
    assert item is not None
    world.overwrite(item, modes=registered)
    world.clock.forward(seconds=60)
    world.report("dev-1", world.clock.at, mode=reported)

    header = directive("Alexa.Discovery", "Discover")["directive"]["header"]
    payload = {"scope": {"type": "BearerToken", "token": person.token}}
    message = {"directive": {"header": header, "payload": payload}}
    (found,) = world.nobody().post(PATH, json=message).json["event"]["payload"]["endpoints"]
    told = {each["interface"]: each.get("configuration") for each in found["capabilities"]}
    assert told["Alexa.ThermostatController"]["supportedModes"] == offered

    refused = ask(person, "SetThermostatMode", thermostatMode={"value": "AUTO"})
    assert (kind_of(refused) == "UNSUPPORTED_THERMOSTAT_MODE") == ("AUTO" not in offered)


def test_what_is_no_json_is_refused(world: World) -> None:
    assert world.nobody().post(PATH, data=b"{").status_code == 400
    assert world.nobody().post(PATH, data=b"[]").status_code == 400


def test_the_lambda_carries_and_answers_when_the_api_does_not(person: Person) -> None:
    message = directive("Alexa", "ReportState")
    calls: list[Call] = []

    def transport(call: Call) -> Reply:
        calls.append(call)
        return Reply(200, b'{"event": {}}')

    def broken(call: Call) -> Reply:
        raise VendorUnreachableError("timeout")

    assert carry(message, "https://api.example.org", transport) == {"event": {}}
    assert (calls[0].url, json.loads(calls[0].body)) == (f"https://api.example.org{PATH}", message)
    assert kind_of(carry(message, "https://api.example.org", broken)) == "INTERNAL_ERROR"
    assert kind_of(carry(message, "https://api.example.org", lambda _: Reply(503, b"x"))) == "INTERNAL_ERROR"
