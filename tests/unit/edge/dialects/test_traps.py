"""The traps of each make, with payloads of our own and, where they are at hand, recorded ones."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from edge.accumulator import STALE_AFTER
from edge.contract import Desired, Telemetry, read_telemetry, topics
from edge.dialects.dialect import InForce, Source
from edge.dialects.faikout import Faikout
from edge.dialects.home_assistant.dialect import HomeAssistant
from edge.dialects.home_assistant.discovery import Book
from edge.dialects.mitsubishi2mqtt import Mitsubishi2Mqtt
from edge.dialects.shelly import Shelly
from edge.dialects.tasmota import Tasmota
from edge.errors import UnreadableError
from edge.interpreter import UNREGISTERED, Interpreter
from edge.ports import Message, Parcel
from edge.registry import Registration

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def _dump(document: object) -> bytes:
    return json.dumps(document).encode()


def _irhvac(**state: object) -> bytes:
    return _dump({"IRHVAC": {"Vendor": "COOLIX", **state}})


def _recorded(folder: Path, name: str) -> dict[str, Any]:
    return dict(json.loads((folder / f"{name}.json").read_text()))


def _interpreter(*sources: str) -> Interpreter:
    registration = Registration.model_validate({"device_id": "ac-1", "sources": sources})
    return Interpreter({"ac-1": registration}, 300)


def _readings(interpreter: Interpreter, messages: list[Message], now: datetime) -> list[Telemetry]:
    found = interpreter.interpret(messages, now)
    payloads = [each.payload for each in found.messages if each.topic == topics.telemetry("ac-1")]
    return [reading for payload in payloads for reading in read_telemetry(payload)[0]]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({"Power": "on", "Mode": "auto", "Temp": 22}, ("auto", 22.0)),
        ({"Power": "On", "Mode": "Hot", "Temp": 22.5}, ("heat", 22.5)),
        ({"POWER": "ON", "mode": "FAN_ONLY"}, ("fan", None)),
        ({"Power": "Off", "Mode": "Cool", "Temp": 25}, ("off", 25.0)),
        ({"Power": "On", "Mode": "Cool", "Celsius": "Off", "Temp": 77}, ("cool", 25.0)),
    ],
)
def test_tasmota_varies_in_letter_case(state: dict[str, Any], expected: tuple[str, float | None]) -> None:
    said = Tasmota(Source(dialect="tasmota", name="ir")).hear("stat/ir/RESULT", _irhvac(**state))

    assert (said.facts["mode"], said.facts.get("setpoint_c")) == expected
    assert said.faults == []


def test_tasmota_local_time_is_never_taken_for_utc() -> None:
    interpreter = _interpreter("tasmota:ir")
    energy = _dump({"Time": "1999-01-01T00:00:00", "ENERGY": {"Total": [2.5, 0.5], "Power": [50, 6]}})
    said = [Message("stat/ir/RESULT", _irhvac(Power="On", Mode="Dry")), Message("tele/ir/SENSOR", energy)]
    assert _readings(interpreter, said, NOON + timedelta(seconds=1)) == []

    (reading,) = _readings(interpreter, [], NOON + timedelta(minutes=5))

    assert reading.sampled_at == NOON + timedelta(minutes=5)
    assert (reading.electric_power_w, reading.energy_total_kwh) == (56, 3.0)


def test_another_remote_in_the_room_is_not_ours() -> None:
    tasmota = Tasmota(Source(dialect="tasmota", name="ir", vendor="COOLIX"))
    received = {"IrReceived": {"IRHVAC": {"Vendor": "PANASONIC_AC", "Power": "On", "Mode": "Heat"}}}

    assert tasmota.hear("tele/ir/RESULT", _dump(received)).facts == {}


def test_shelly_says_watt_hours_deltas_and_its_own_temperature() -> None:
    shelly = Shelly(Source(dialect="shelly", name="plug"))
    delta = {"method": "NotifyStatus", "params": {"ts": 1.5, "switch:0": {"id": 0, "apower": 812.5}}}
    status = {"aenergy": {"total": 7258.589, "by_minute": [34.8]}, "temperature": {"tC": 32.1}}

    assert shelly.hear("plug/events/rpc", _dump(delta)).facts == {"electric_power_w": 812.5}
    facts = shelly.hear("plug/status/switch:0", _dump(status)).facts
    assert facts == {"energy_total_kwh": pytest.approx(7.258589)}
    assert shelly.tell(Desired(mode="off"), InForce(mode="cool")) == ()


@pytest.mark.parametrize(("wanted_c", "sent"), [(12.0, b"16"), (33.5, b"31"), (24.5, b"24.5")])
def test_mitsubishi2mqtt_is_never_sent_what_it_would_turn_into_23(wanted_c: float, sent: bytes) -> None:
    dialect = Mitsubishi2Mqtt(Source(dialect="mitsubishi2mqtt", name="living"))

    parcels = dialect.tell(Desired(setpoint_c=wanted_c), InForce(mode="cool", setpoint_c=25.0))

    assert parcels == [Parcel("mitsubishi2mqtt/living/temp/set", sent)]


def test_faikout_is_partial_and_its_demand_is_no_setpoint() -> None:
    faikout = Faikout(Source(dialect="faikout", name="unit"))

    assert faikout.hear("state/unit/status", _dump({"mode": "C", "heat": True})).facts == {}
    assert faikout.hear("state/unit/status", _dump({"power": True})).facts == {"mode": "cool"}
    assert faikout.hear("state/unit/status", _dump({"demand": 55})).facts == {}
    (parcel,) = faikout.tell(Desired(setpoint_c=24.6), InForce(mode="cool", setpoint_c=23.0, fan="auto"))
    assert json.loads(parcel.body) == {"power": True, "mode": "C", "temp": 24.5, "fan": "A"}


def _zigbee(book: Book, **changes: object) -> None:
    config = {
        "~": "zigbee2mqtt/upstairs/bed-room",
        "dev": {"ids": ["0x01"], "name": "Bedroom"},
        "uniq_id": "0x01_climate",
        "avty": [
            {"t": "zigbee2mqtt/bridge/state", "val_tpl": "{{ value_json.state }}"},
            {"t": "~/availability", "val_tpl": "{{ value_json.state }}"},
        ],
        "avty_mode": "all",
        "mode_stat_t": "~",
        "mode_stat_tpl": "{{ value_json.system_mode }}",
        "mode_cmd_t": "~/set/system_mode",
        "temp_stat_t": "~",
        "temp_stat_tpl": "{{ value_json.occupied_cooling_setpoint | is_defined | float }}",
        "temp_cmd_t": "~/set",
        "temp_cmd_tpl": '{"occupied_cooling_setpoint": {{ value }} }',
        "curr_temp_t": "~",
        "curr_temp_tpl": "{{ value_json.local_temperature }}",
        "modes": ["off", "cool", "fan_only"],
        "min_temp": "18",
        "max_temp": 28,
    }
    book.learn("homeassistant/climate/0x01/climate/config", _dump(config | changes))


def test_zigbee2mqtt_names_may_contain_a_slash() -> None:
    book = Book()
    _zigbee(book)
    dialect = HomeAssistant(Source(dialect="home_assistant", name="0x01", root="zigbee2mqtt"), book)
    state = "zigbee2mqtt/upstairs/bed-room"

    said = dialect.hear(state, _dump({"system_mode": "fan_only", "local_temperature": 24.5}))

    assert said.facts == {"mode": "fan", "indoor_dry_bulb_c": 24.5}
    parcels = dialect.tell(Desired(mode="cool", setpoint_c=30), InForce(mode="off"))
    assert parcels == [
        Parcel(f"{state}/set/system_mode", b"cool"),
        Parcel(f"{state}/set", b'{"occupied_cooling_setpoint": 28.0 }'),
    ]


def test_a_device_of_several_availability_topics_is_there_when_all_say_so() -> None:
    book = Book()
    _zigbee(book)
    dialect = HomeAssistant(Source(dialect="home_assistant", name="0x01", root="zigbee2mqtt"), book)
    own, bridge = "zigbee2mqtt/upstairs/bed-room/availability", "zigbee2mqtt/bridge/state"
    assert {own, bridge} <= set(dialect.filters)

    states = [
        dialect.hear(topic, _dump({"state": word})).online
        for topic, word in ((bridge, "online"), (own, "online"), (own, "offline"))
    ]

    assert states == [False, True, False]


def test_sensors_of_a_classic_device_are_joined_by_its_identifiers() -> None:
    book, device = Book(), {"identifiers": "node"}
    for kind, unit, value in (("power", "kW", 0.8), ("energy", "Wh", 1500)):
        config = {"device": device, "dev_cla": kind, "unit_of_meas": unit, "stat_t": f"node/{kind}"}
        book.learn(f"homeassistant/sensor/node/{kind}/config", _dump(config))
        del value
    dialect = HomeAssistant(Source(dialect="home_assistant", name="node"), book)

    assert dialect.hear("node/power", b"0.8").facts == {"electric_power_w": 800}
    assert dialect.hear("node/energy", b"1500").facts == {"energy_total_kwh": 1.5}
    assert dialect.hear("node/power", b"unavailable").facts == {}
    book.learn("homeassistant/sensor/node/power/config", b"")
    assert dialect.filters == ["node/energy"]


@pytest.mark.parametrize(
    "changes",
    [
        {"mode_cmd_t": "$aws/things/ac-2/shadow/update"},
        {"temp_stat_t": "dt/ac/ac-2/telemetry"},
        {"avty": [{"t": "#"}]},
        {"curr_temp_t": "zigbee2mqtt/+"},
        {"mode_cmd_t": "zigbee2mqtt/with space"},
        {"mode_stat_tpl": "{% for i in range(99999) %}{% endfor %}"},
    ],
)
def test_a_configuration_reaches_for_no_topic_of_the_contract(changes: dict[str, Any]) -> None:
    with pytest.raises(UnreadableError):
        _zigbee(Book(), **changes)


def test_nobody_describes_a_device_of_another_name() -> None:
    book = Book()
    config = {"device": {"ids": ["ac-1", "ac-2"]}, "mode_stat_t": "ac-2/mode", "modes": ["cool"]}
    book.learn("homeassistant/climate/ac-2/x/config", _dump(config))
    book.learn("homeassistant/climate/ac-1/x/config", _dump(config))

    assert book.entities("ac-1") == []
    assert [entity.announced_as for entity in book.entities("ac-2")] == ["ac-2"]
    assert book.entities("ac-1", "zigbee2mqtt") == []


def test_no_reading_is_made_of_stale_or_retained_values() -> None:
    interpreter = _interpreter("mitsubishi2mqtt:ac-1")
    settings = Message("mitsubishi2mqtt/ac-1/settings", _dump({"mode": "dry"}), retained=True)
    old = Message("mitsubishi2mqtt/ac-1/state", _dump({"roomTemperature": 30}), retained=True)
    fresh = Message("mitsubishi2mqtt/ac-1/state", _dump({"roomTemperature": 26.5}))
    at = NOON + timedelta(seconds=1)

    assert _readings(interpreter, [settings, old], at) == []
    assert _readings(interpreter, [], at + timedelta(minutes=5)) == []  # settings alone are no reading
    assert _readings(interpreter, [fresh], at + timedelta(minutes=6)) == []
    (reading,) = _readings(interpreter, [], at + timedelta(minutes=10))
    assert (reading.mode, reading.indoor_dry_bulb_c) == ("dry", 26.5)
    assert _readings(interpreter, [], at + timedelta(minutes=6) + STALE_AFTER + timedelta(minutes=5)) == []


def test_a_device_that_is_gone_has_no_readings() -> None:
    interpreter = _interpreter("mitsubishi2mqtt:ac-1")
    state = Message("mitsubishi2mqtt/ac-1/state", _dump({"mode": "dry", "roomTemperature": 26.5}))
    gone = Message("mitsubishi2mqtt/ac-1/availability", b"offline")

    assert _readings(interpreter, [state, gone], NOON) == []
    assert _readings(interpreter, [], NOON + timedelta(minutes=5)) == []


def test_what_is_unknown_or_incomplete_is_listed_with_what_it_misses() -> None:
    interpreter = _interpreter("tasmota:ir", "shelly:plug")
    unknown = [Message("newplug/online", b"true", retained=True), Message("tele/blaster/LWT", b"Online")]
    interpreter.interpret(unknown, NOON)
    book_entry = {"device": {"ids": ["0x02"]}, "mode_stat_t": "z/2", "modes": ["cool"]}
    interpreter.interpret([Message("homeassistant/climate/0x02/climate/config", _dump(book_entry))], NOON)

    known, *others = interpreter.listing(NOON)

    assert known["sources"] == ["tasmota:ir", "shelly:plug"]
    assert any("vendor" in lack for lack in known["missing"])
    assert {"mode", "a measurement"} <= set(known["missing"])
    assert {each["sources"][0] for each in others} == {
        "shelly:newplug",
        "tasmota:blaster",
        "home_assistant:0x02",
    }
    assert all(each["missing"] == [UNREGISTERED] for each in others)


def test_recorded_tasmota(dialects_directory: Path) -> None:
    recorded = _recorded(dialects_directory, "tasmota")
    tasmota = Tasmota(Source(dialect="tasmota", name="t"))

    for name in ("irhvac_received", "irhvac_received_2"):
        assert tasmota.hear("tele/t/RESULT", _dump(recorded[name])).facts == {
            "mode": "auto",
            "setpoint_c": 22,
            "fan": "medium",
        }
    energy = [
        tasmota.hear("tele/t/SENSOR", _dump(recorded[f"energy_sensor{end}"])) for end in ("", "_two_channels")
    ]
    assert energy[0].facts == {"electric_power_w": 56, "energy_total_kwh": 514.153}
    assert energy[1].facts == {"electric_power_w": 57, "energy_total_kwh": pytest.approx(3.067)}
    for word in (*recorded["enums"]["Mode"], "Hot"):
        assert tasmota.hear("stat/t/RESULT", _irhvac(Power="On", Mode=word)).faults == []
    for word in recorded["enums"]["FanSpeed"]:
        assert tasmota.hear("stat/t/RESULT", _irhvac(FanSpeed=word)).faults == []


def test_recorded_shelly(dialects_directory: Path) -> None:
    recorded = _recorded(dialects_directory, "shelly")
    plug = Shelly(Source(dialect="shelly", name="p"))
    strip = Shelly(Source(dialect="shelly", name="p", channel=3))

    facts = plug.hear("p/status/switch:0", _dump(recorded["status_switch0_gen2"])).facts
    assert facts == {"electric_power_w": 2.7, "energy_total_kwh": pytest.approx(7.258589)}
    facts = strip.hear("p/status/switch:3", _dump(recorded["status_switch_gen4"])).facts
    assert facts == {"electric_power_w": 15.4, "energy_total_kwh": pytest.approx(18.440297)}
    assert plug.hear("p/events/rpc", _dump(recorded["notify_status"])).facts == {}


def test_recorded_faikout_and_mitsubishi2mqtt(dialects_directory: Path) -> None:
    status = _recorded(dialects_directory, "faikout")["status"]
    state = _recorded(dialects_directory, "mitsubishi2mqtt")["sample_state"]

    said = Faikout(Source(dialect="faikout", name="h")).hear("state/h/status", _dump(status))
    assert said.faults == []
    assert said.facts == {
        "mode": "heat",
        "setpoint_c": 21.5,
        "indoor_dry_bulb_c": 19.5,
        "outdoor_dry_bulb_c": 4.0,
        "fan": "auto",
    }
    dialect = Mitsubishi2Mqtt(Source(dialect="mitsubishi2mqtt", name="n"))
    assert dialect.hear("mitsubishi2mqtt/n/state", _dump(state)).facts == {
        "indoor_dry_bulb_c": 26.5,
        "setpoint_c": 25,
        "fan": "auto",
        "mode": "cool",
    }


def test_recorded_discovery(dialects_directory: Path) -> None:
    """The message from which a real Home Assistant made five entities; its topics moved below the device."""
    recorded = _recorded(dialects_directory, "home_assistant_discovery")
    config = json.dumps(recorded["config"]).replace("acadv/v1/dev/", "").encode()
    book = Book()
    book.learn("homeassistant/device/ac-001/config", config)
    dialect = HomeAssistant(Source(dialect="home_assistant", name="ac-001"), book)

    said = dialect.hear("ac-001/state", _dump(recorded["state"]))

    assert said.faults == []
    assert said.facts == {
        "mode": "cool",
        "fan": "auto",
        "setpoint_c": 23.5,
        "indoor_dry_bulb_c": 26.1,
        "electric_power_w": 812.5,
        "energy_total_kwh": 12.3,
    }
    assert dialect.tell(Desired(setpoint_c=25), InForce("cool", 23.5, "auto")) == [
        Parcel("ac-001/cmd/setpoint", b"25")
    ]


def test_recorded_esphome_and_zigbee(dialects_directory: Path) -> None:
    samples = _recorded(dialects_directory, "esphome_climate")["samples"]
    base = "living/climate/ac"
    config = {
        "~": base,
        "dev": {"ids": ["living"]},
        "mode_stat_t": "~/mode/state",
        "temp_stat_t": "~/target_temperature/state",
        "curr_temp_t": "~/current_temperature/state",
    }
    book = Book()
    book.learn("homeassistant/climate/living/ac/config", _dump(config))
    dialect = HomeAssistant(Source(dialect="home_assistant", name="living"), book)
    facts: dict[str, Any] = {}
    for topic, payload in samples:
        facts |= dialect.hear(topic, payload.encode()).facts
    assert facts == {"mode": "cool", "setpoint_c": 25, "indoor_dry_bulb_c": 26.1}
    for word in _recorded(dialects_directory, "zigbee2mqtt")["climate_fields"]["system_mode"]:
        assert dialect.hear(f"{base}/mode/state", word.encode()).facts["mode"]
