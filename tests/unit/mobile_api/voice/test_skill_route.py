"""The webhook of the skill: who may speak, once, of now; and an answer in time, whatever hangs."""

import json
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from edge.contract import Desired
from mobile_api.voice.alexa_signature import AlexaSignatures
from mobile_api.voice.outbound import Call, Reply
from mobile_api.voice.patience import ASSISTANT_WAITS_S, Patience
from tests.unit.mobile_api.conftest import MakeWorld, Person, World
from tests.unit.mobile_api.conftest import Reply as Answer
from tests.unit.mobile_api.voice.signed_requests import CHAIN_URL, authority
from tests.unit.mobile_api.voice.test_alexa_skill import asking

SKILL = "amzn1.ask.skill.1"
Json = dict[str, Any]


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    made = make_world(alexa_skill_id=SKILL)
    desk = made.app.extensions["ac_advisor_voice"]
    desk.patience = Patience(read_back_s=0.3, answer_s=0.6)
    desk.alexa_signatures = AlexaSignatures(
        lambda _: Reply(200, authority().chain()), made.clock, lambda: [authority().root.certificate]
    )
    return made


@pytest.fixture
def person(world: World) -> Person:
    person = world.sign_up()
    device_id = world.device_of(person)
    world.report(device_id, world.clock.at)
    world.advise(device_id)
    return person


def body(person: Person, intent: str = "AdviceIntent", request_id: str = "r-1", **changes: Any) -> Json:  # noqa: ANN401 (JSON)
    made = asking(intent, token=person.token, **changes)
    made["request"]["requestId"] = request_id
    return made


def send(
    world: World, message: Json, headers: Json | None = None, alter: Callable[[bytes], bytes] = bytes
) -> Answer:
    raw = json.dumps(message).encode()
    signed = {"SignatureCertChainUrl": CHAIN_URL, "Signature-256": authority().leaf.sign(raw)}
    return world.nobody().post("/voice/alexa", data=alter(raw), headers={**signed, **(headers or {})})


def text_of(answer: Answer) -> str:
    assert answer.status_code == 200, answer.text
    return str(answer.json["response"]["outputSpeech"]["text"])


def test_a_signed_request_is_answered(world: World, person: Person) -> None:
    assert "78 degrees" in text_of(send(world, body(person)))


def test_a_request_is_heard_once(world: World, person: Person) -> None:
    assert send(world, body(person)).status_code == 200
    assert send(world, body(person)).status_code == 400
    assert send(world, body(person, request_id="r-2")).status_code == 200


@pytest.mark.parametrize("seconds", [-151, 151])
def test_a_stale_request_is_refused(world: World, person: Person, seconds: float) -> None:
    world.clock.at += timedelta(seconds=seconds)
    assert send(world, body(person)).status_code == 400


@pytest.mark.parametrize("seconds", [-149, 149])
def test_a_recent_request_is_heard(world: World, person: Person, seconds: float) -> None:
    world.clock.at += timedelta(seconds=seconds)
    assert send(world, body(person)).status_code == 200


def test_another_skill_is_refused(world: World, person: Person) -> None:
    message = body(person)
    message["context"]["System"]["application"]["applicationId"] = "amzn1.ask.skill.2"
    assert send(world, message).status_code == 400


def test_what_is_not_proven_is_refused_before_it_is_parsed(
    world: World, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(_: bytes) -> None:
        pytest.fail("it was parsed")

    monkeypatch.setattr("mobile_api.voice.routes.read_json", never)
    message = body(person)
    for headers in (
        {"Signature-256": "AAAA"},
        {"Signature-256": ""},
        {"SignatureCertChainUrl": ""},
        {"SignatureCertChainUrl": CHAIN_URL.replace("s3.", "s4.")},
        {"SignatureCertChainUrl": CHAIN_URL.replace("echo.api/", "echo.api/%2e%2e/")},
        {"SignatureCertChainUrl": CHAIN_URL.replace(".com/", ".com:8443/")},
    ):
        assert send(world, message, headers).status_code == 400
    altered = send(world, message, alter=lambda raw: raw.replace(b"AdviceIntent", b"DoItIntent"))
    assert altered.status_code == 400


def test_without_a_skill_of_ours_nothing_is_heard(make_world: MakeWorld) -> None:
    world = make_world()
    person = world.sign_up()
    desk = world.app.extensions["ac_advisor_voice"]
    desk.alexa_signatures = AlexaSignatures(
        lambda _: Reply(200, authority().chain()), world.clock, lambda: [authority().root.certificate]
    )
    message = body(person)
    message["context"]["System"]["application"]["applicationId"] = ""
    assert send(world, message).status_code == 400


def test_what_is_signed_and_no_request_is_malformed(world: World) -> None:
    assert send(world, {"version": "1.0"}).status_code == 400


def test_advice_is_accepted_in_the_name_of_voice(world: World, person: Person) -> None:
    remembered = send(world, body(person, "DoItIntent")).json["sessionAttributes"]
    message = body(person, "DoItIntent", "r-2", confirmation="CONFIRMED", remember=remembered)

    assert text_of(send(world, message)) == "I have sent it, but dev-1 has not confirmed it yet."
    (entry,) = world.inbox()
    assert (entry.kind, entry.requested_by) == ("accepted", "voice")


def test_left_alone_is_a_command_of_voice_until_the_morning(world: World, person: Person) -> None:
    text_of(send(world, body(person, "LeaveAloneIntent", confirmation="CONFIRMED")))

    desired = Desired.model_validate(world.inbox()[0].command)
    assert (desired.setpoint_c, desired.mode, desired.requested_by) == (24.0, "cool", "voice")
    assert desired.expires_at == world.clock.at.replace(day=15, hour=4)  # 06:00 in Rome


def test_while_it_waits_alexa_says_one_moment(world: World, person: Person) -> None:
    calls: list[Call] = []

    def transport(call: Call) -> Reply:
        calls.append(call)
        return Reply(204, b"")

    world.app.extensions["ac_advisor_voice"].send = transport
    message = body(person, "LeaveAloneIntent", confirmation="CONFIRMED")
    message["context"]["System"] |= {"apiEndpoint": "https://api.amazonalexa.com", "apiAccessToken": "t"}

    send(world, message)
    assert [call.url for call in calls] == ["https://api.amazonalexa.com/v1/directives"]

    message["context"]["System"]["apiEndpoint"] = "https://evil.example"
    message["request"]["requestId"] = "r-2"
    send(world, message)
    assert len(calls) == 1


@pytest.mark.parametrize("what", ["latest", "get"])
def test_a_store_that_hangs_is_answered_for_in_time(
    world: World, person: Person, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    released = threading.Event()
    store = world.readings if what == "latest" else world.state
    monkeypatch.setattr(store, what, lambda *_: released.wait(10) and None)

    began_s = time.monotonic()
    text = text_of(send(world, body(person)))
    took_s = time.monotonic() - began_s
    released.set()

    assert text == "I cannot find that out right now. Please try again in a moment."
    assert took_s < 1.5  # the patience of this test is 0.6 s


def test_the_patience_of_a_process_fits_into_the_time_that_alexa_waits() -> None:
    patience = Patience()
    assert patience.read_back_s < patience.answer_s < ASSISTANT_WAITS_S - 1.0
