"""Devices that nobody has registered: understood, named to the cloud, and silent until they are let in."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from device_sim.wire.dialects.choice import DialectName, speak
from edge.contract import FoundDevice, Reported, topics
from edge.contract.claim import MAX_FOUND, found_id
from edge.finder import MAX_CANDIDATES
from edge.interpreter import TO_BE_LET_IN, Interpreter
from edge.ports import Message
from edge.registry import Registration, Registry
from tests.unit.device_sim.wire.dialects.conftest import row

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
STEP = timedelta(minutes=5)
REMOTE = Reported(mode="cool", setpoint_c=24.0, fan="auto", changed_by="remote")


class Site:
    """A gateway that has found nothing yet."""

    def __init__(self) -> None:
        self.registry: Registry = {}
        self.interpreter = Interpreter(self.registry, STEP.total_seconds(), "gw-1")
        self.said: list[Message] = []
        self.now = NOON

    def hear(self, messages: Iterable[Any]) -> None:
        heard = [Message(each.topic, each.payload) for each in messages]
        for each in heard:  # in rounds of one: what is news is listened to from the next on
            if _is_heard(each.topic, self.interpreter.filters):
                self.said += self.interpreter.interpret([each], self.now).messages

    def found(self) -> list[str]:
        return [each.source for each in self.interpreter.found(self.now)]


def _is_heard(topic: str, filters: Iterable[str]) -> bool:
    return any(
        len(own := each.split("/")) == len(levels := topic.split("/"))
        and all(part in ("+", level) for part, level in zip(own, levels, strict=True))
        for each in filters
    )


@pytest.fixture
def site() -> Site:
    return Site()


def _bridged(name: str, root: str = "zigbee2mqtt") -> list[Message]:
    """A climate entity as a bridge announces it, and its state."""
    state = f"{root}/{name}"
    config = {
        "device": {"identifiers": [f"{root}_{name}"], "name": f"The {name}"},
        "unique_id": name,
        "modes": ["off", "auto", "cool", "fan_only"],
        "mode_state_topic": state,
        "mode_state_template": "{{ value_json.mode }}",
        "mode_command_topic": f"{state}/set",
        "temperature_state_topic": state,
        "temperature_state_template": "{{ value_json.setpoint }}",
        "current_temperature_topic": state,
        "current_temperature_template": "{{ value_json.temperature }}",
    }
    said = {"mode": "cool", "setpoint": 24, "temperature": 26.5}
    return [
        Message(f"homeassistant/climate/{name}/climate/config", json.dumps(config).encode()),
        Message(state, json.dumps(said).encode()),
    ]


@pytest.mark.parametrize(
    ("make", "source"),
    [
        ("mitsubishi2mqtt", "mitsubishi2mqtt:ac-1"),
        ("faikout", "faikout:ac-1"),
        ("esphome", "home_assistant:ac-1"),
        ("tasmota", "tasmota:ac-1"),
    ],
)
def test_a_make_is_found_once_and_speaks_when_it_is_let_in(
    site: Site, make: DialectName, source: str
) -> None:
    device = speak(make, ["ac-1"], "UTC")["ac-1"]
    for number in range(3):
        site.hear([*device.greet(), *device.confirm(REMOTE)])
        site.hear(device.say([row(seq=number, sampled_at=f"2026-07-01T12:0{number}:00Z")]))
        site.now += timedelta(minutes=1)

    assert site.found() == [source]
    site.now += STEP
    site.hear(device.say([row(seq=4, sampled_at="2026-07-01T12:08:00Z")]))
    assert site.said == [], "nothing of it leaves before"
    (listed,) = (each for each in site.interpreter.listing(site.now) if source in each["sources"])
    assert listed["missing"] == [TO_BE_LET_IN]

    own_id = found_id("gw-1", source)
    registration = Registration.model_validate({"device_id": own_id, "sources": [source]})
    site.registry[own_id] = registration
    site.interpreter.follow_registry()
    assert site.found() == []
    site.now += STEP
    site.hear(device.say([row(seq=5, sampled_at="2026-07-01T12:13:00Z", indoor_dry_bulb_c=25.0)]))

    assert {each.topic for each in site.said} == {topics.telemetry(own_id), topics.shadow(own_id, "update")}
    reported = next(json.loads(each.payload) for each in site.said if "shadow" in each.topic)
    assert reported["state"]["reported"] | {"changed_by": "unknown"} == reported["state"]["reported"]


def test_a_device_behind_a_bridge_is_found_with_its_name_and_modes(site: Site) -> None:
    site.hear(_bridged("bedroom"))

    assert site.interpreter.found(site.now) == (
        FoundDevice(
            source="home_assistant:zigbee2mqtt_bedroom@zigbee2mqtt",
            name="The bedroom",
            modes=("auto", "cool", "fan"),
        ),
    )


def test_what_is_not_understood_or_only_retained_is_not_found(site: Site) -> None:
    announced, state = _bridged("bedroom")
    site.hear([announced])
    assert site.found() == []

    site.interpreter.interpret([Message(state.topic, state.payload, retained=True)], site.now)
    assert site.found() == []
    site.hear([Message("tele/plug/LWT", b"Online"), Message("meter/online", b"true")])

    assert site.found() == []


def test_what_is_registered_by_another_name_is_not_found_again(site: Site) -> None:
    sources = ["home_assistant:zigbee2mqtt_bedroom@zigbee2mqtt"]
    site.registry["ac-1"] = Registration.model_validate({"device_id": "ac-1", "sources": sources})
    site.interpreter.follow_registry()

    site.hear(_bridged("bedroom"))
    other_name = json.loads(_bridged("bedroom")[0].payload)
    other_name["device"]["identifiers"] = ["alias"]
    site.hear([Message("homeassistant/climate/x/climate/config", json.dumps(other_name).encode())])
    site.hear(_bridged("bedroom")[1:])

    assert site.found() == []


def test_what_is_announced_twice_is_found_by_its_first_name_alone(site: Site) -> None:
    announced, state = _bridged("bedroom")
    alias = json.loads(announced.payload)
    alias["device"]["identifiers"] = ["alias"]

    again = Message("homeassistant/climate/x/climate/config", json.dumps(alias).encode())
    site.hear([announced, again, state])

    assert site.found() == ["home_assistant:zigbee2mqtt_bedroom@zigbee2mqtt"]


def test_one_whose_topics_are_of_several_roots_is_left_alone(site: Site) -> None:
    config = json.loads(_bridged("bedroom")[0].payload)
    config["mode_command_topic"] = "another/set"
    site.hear([Message("homeassistant/climate/bedroom/climate/config", json.dumps(config).encode())])
    site.hear(_bridged("bedroom")[1:])

    assert site.found() == []


def test_however_many_there_are_few_are_listened_to_and_told(site: Site) -> None:
    for number in range(2 * MAX_CANDIDATES):
        site.hear(_bridged(f"ac-{number}")[:1])
    for number in range(2 * MAX_CANDIDATES):
        site.hear(_bridged(f"ac-{number}")[1:])

    assert sum(each.startswith("zigbee2mqtt/") for each in site.interpreter.filters) == MAX_CANDIDATES
    assert len(site.found()) == MAX_FOUND
