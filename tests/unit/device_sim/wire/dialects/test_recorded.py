"""Held against payloads of true devices: no topic, field or word that they do not have."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from device_sim.wire.dialects.choice import DialectName, speak
from device_sim.wire.dialects.dialect import Dialect, Message
from device_sim.wire.readings import Row
from edge.contract import Reported

MakeRow = Callable[..., Row]
ReadRecorded = Callable[[str], dict[str, Any]]

PLACES = {
    "tasmota": "%topic%",
    "shelly": "<prefix>",
    "esphome": "<node>",
    "faikout": "<host>",
    "mitsubishi2mqtt": "<friendly_name>",
}
"""How the recorded topics write a device's name."""


def dialect_of(name: DialectName) -> Dialect:
    return speak(name, ["ac-1"], "America/Phoenix")["ac-1"]


def everything_said(dialect: Dialect, make_row: MakeRow) -> list[Message]:
    rows = [make_row(), make_row(electric_power_w=300.0, mode="off", setpoint_c=None, compressor_ratio=0.0)]
    remote = Reported(setpoint_c=23.0, mode="cool", fan="low", changed_by="remote")
    said = [*dialect.greet(), *dialect.confirm(remote), *dialect.say(rows)]
    return [*said, dialect.will] if dialect.will is not None else said


def keys(document: object) -> Iterator[str]:
    if isinstance(document, dict):
        for key, value in document.items():
            yield str(key)
            yield from keys(value)
    elif isinstance(document, list):
        for each in document:
            yield from keys(each)


def json_objects(said: Sequence[Message]) -> list[object]:
    return [json.loads(message.payload) for message in said if message.payload[:1] == b"{"]


@pytest.mark.parametrize("name", ["tasmota", "shelly", "faikout", "mitsubishi2mqtt"])
def test_every_field_is_one_of_a_true_device(
    name: DialectName, make_row: MakeRow, read_recorded: ReadRecorded
) -> None:
    recorded = read_recorded(name)

    said = everything_said(dialect_of(name), make_row)

    assert json_objects(said)
    assert set(keys(json_objects(said))) <= set(keys(recorded)) - {"_notes", "_origin"}


@pytest.mark.parametrize("name", ["tasmota", "shelly", "faikout"])
def test_every_topic_is_one_of_a_true_device(
    name: DialectName, make_row: MakeRow, read_recorded: ReadRecorded
) -> None:
    topics = json.dumps(read_recorded(name)["topics"])
    dialect = dialect_of(name)

    said = {message.topic for message in everything_said(dialect, make_row)} | set(dialect.subscriptions)

    for topic in said:
        assert topic.replace("ac-1", PLACES[name]) in topics


def test_topics_of_mitsubishi2mqtt(make_row: MakeRow, read_recorded: ReadRecorded) -> None:
    recorded = read_recorded("mitsubishi2mqtt")
    dialect = dialect_of("mitsubishi2mqtt")
    base = recorded["topic_base"].replace("<friendly_name>", "ac-1")

    published = {message.topic.removeprefix(f"{base}/") for message in everything_said(dialect, make_row)}

    assert published == {recorded["state_topic"], recorded["settings_topic"].split()[0], "availability"}
    assert {topic.removeprefix(f"{base}/") for topic in dialect.subscriptions} <= set(recorded["set"])


def test_topics_and_words_of_esphome(make_row: MakeRow, read_recorded: ReadRecorded) -> None:
    recorded = read_recorded("esphome_climate")
    dialect = dialect_of("esphome")
    words = {f"{item}/state": recorded[item] for item in ("mode", "action", "fan_mode")}

    for message in everything_said(dialect, make_row):
        kind, _, item = message.topic.removeprefix("ac-1/").partition("/")
        if kind == "climate":
            item = item.removeprefix("ac/")
            assert item in recorded["items_state"]
            assert message.payload.decode() in words.get(item, [message.payload.decode()])
        elif kind == "sensor":
            assert recorded["sensor"] == f"<node>/{kind}/<object_id>/state"
            assert item.endswith("/state")
        elif kind == "status":
            assert message.payload.decode() in recorded["availability"]
        else:
            assert message.topic == "homeassistant/device/ac-1/config"
    assert {topic.removeprefix("ac-1/climate/ac/") for topic in dialect.subscriptions} <= set(
        recorded["items_command"]
    )


def test_the_discovery_has_only_fields_that_home_assistant_took(read_recorded: ReadRecorded) -> None:
    recorded = read_recorded("home_assistant_discovery")

    (config,) = [message for message in dialect_of("esphome").greet() if message.topic.endswith("/config")]

    assert config.retain
    assert config.topic == recorded["topic"].split()[0].replace("<node_id>", "ac-1")
    assert set(keys(json.loads(config.payload))) <= set(keys(recorded["config"]))


def test_recorded_commands_of_faikout_move_the_machine(read_recorded: ReadRecorded) -> None:
    dialect = dialect_of("faikout")
    (topic,) = dialect.subscriptions

    heard = [
        dialect.hear(topic, json.dumps(command).encode())
        for command in read_recorded("faikout")["control_examples"]
    ]

    settings = [
        each.desired and (each.desired.setpoint_c, each.desired.mode, each.desired.fan) for each in heard
    ]
    assert settings == [
        (23.0, None, None),
        (None, "cool", None),
        (None, "off", None),
        (None, None, "medium"),
        (None, None, "auto"),
        None,
        None,
    ]
    answers = [json.loads(answer.payload) for each in heard for answer in each.answers]
    assert [answers[0]["demand"], answers[1]] == [55, {"econo": True}]


def test_the_recorded_command_of_tasmota_asks_for_heat(read_recorded: ReadRecorded) -> None:
    dialect = dialect_of("tasmota")
    (topic,) = dialect.subscriptions

    desired = dialect.hear(topic, json.dumps(read_recorded("tasmota")["irhvac_command"]).encode()).desired

    assert desired is not None
    assert (desired.mode, desired.setpoint_c, desired.fan) == ("heat", 22.0, "medium")  # whole degrees


def test_every_documented_word_of_tasmota_is_understood(read_recorded: ReadRecorded) -> None:
    words = read_recorded("tasmota")["enums"]
    dialect = dialect_of("tasmota")
    (topic,) = dialect.subscriptions

    def modes(**asked: str) -> str | None:
        desired = dialect.hear(topic, json.dumps(asked).encode()).desired
        return None if desired is None else desired.mode

    powers = [modes(Power=word, Mode="Cool") for word in words["Power"]]
    assert powers == ["cool"] * 4 + ["off"] * 4
    assert {modes(Power="On", Mode=word.upper()) for word in words["Mode"]} == {
        "off",
        "auto",
        "cool",
        "heat",
        "dry",
        "fan",
    }
    for word in words["FanSpeed"]:
        desired = dialect.hear(topic, json.dumps({"Power": "On", "FanSpeed": word}).encode()).desired
        assert desired is not None
        assert desired.fan is not None


def test_every_documented_word_of_mitsubishi2mqtt_is_understood(read_recorded: ReadRecorded) -> None:
    recorded = read_recorded("mitsubishi2mqtt")["set"]
    dialect = dialect_of("mitsubishi2mqtt")
    base = "mitsubishi2mqtt/ac-1"

    assert all(dialect.hear(f"{base}/mode/set", word.encode()).desired for word in recorded["mode/set"])
    assert all(dialect.hear(f"{base}/fan/set", word.encode()).desired for word in recorded["fan/set"])
