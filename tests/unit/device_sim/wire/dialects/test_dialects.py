"""What each make says of the same reading, and what it makes of commands; expected values by hand."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from device_sim.fleet import Fleet, FleetSpec
from device_sim.wire.dialects.choice import DialectName, speak
from device_sim.wire.dialects.dialect import Dialect, Message, speakable_c
from device_sim.wire.readings import Row
from edge.contract import Event, Reported, read_telemetry, topics

MakeRow = Callable[..., Row]
REMOTE = Reported(setpoint_c=23.4, mode="cool", fan="low", changed_by="remote")


def dialect_of(name: DialectName) -> Dialect:
    return speak(name, ["ac-1"], "America/Phoenix")["ac-1"]


def said(messages: object) -> dict[str, Any]:
    """JSON payloads, and texts as they are, by topic."""
    found: dict[str, Any] = {}
    for message in messages:  # type: ignore[attr-defined]
        text = message.payload.decode()
        found[message.topic] = json.loads(text) if text[:1] == "{" else text
    return found


def test_tasmota_meters_in_kwh_and_local_time(make_row: MakeRow) -> None:
    first = make_row(energy_total_kwh=812.4)
    second = make_row(energy_total_kwh=812.5, sampled_at="2025-07-01T19:10:00Z")

    (sensor,) = said(dialect_of("tasmota").say([first, second])).values()

    assert sensor["Time"] == "2025-07-01T12:10:00"  # Phoenix is seven hours behind, without summer time
    energy = sensor["ENERGY"]
    assert energy["Total"] == 812.5
    assert energy["Today"] == 0.2  # 1200 W for 5 minutes before the first reading are 0.1 kWh
    assert energy["Period"] == 100  # Wh
    assert energy["Power"] == 1200
    assert energy["ApparentPower"] == 1263  # 1200 / 0.95
    assert energy["ReactivePower"] == 394  # sqrt(1263.16^2 - 1200^2)
    assert energy["Current"] == 5.492  # 1263.16 / 230


def test_tasmotas_day_ends_at_local_midnight(make_row: MakeRow) -> None:
    dialect = dialect_of("tasmota")
    evening = make_row(sampled_at="2025-07-02T06:55:00Z", energy_total_kwh=10.0, electric_power_w=0.0)
    night = make_row(sampled_at="2025-07-02T07:05:00Z", energy_total_kwh=10.5, electric_power_w=0.0)
    morning = make_row(sampled_at="2025-07-02T15:00:00Z", energy_total_kwh=12.0, electric_power_w=0.0)

    days = [json.loads(message.payload)["ENERGY"] for message in dialect.say([evening, night, morning])]

    assert [(day["Yesterday"], day["Today"]) for day in days] == [(0, 0), (0.5, 0), (0.5, 1.5)]
    assert {day["TotalStartTime"] for day in days} == {"2025-07-01T23:55:00"}


def test_tasmota_reports_the_remote_and_nothing_that_happens_inside_the_machine() -> None:
    dialect = dialect_of("tasmota")

    received = said(dialect.confirm(REMOTE))["tele/ac-1/RESULT"]["IrReceived"]
    by_schedule = REMOTE.model_copy(update={"changed_by": "schedule"})

    assert (
        received["IRHVAC"] | {"Power": "on", "Mode": "cool", "Temp": 23, "FanSpeed": "low"}
        == received["IRHVAC"]
    )
    assert len(received["Data"]) == len("0x") + received["Bits"] // 4
    assert dialect.confirm(by_schedule) == ()


@pytest.mark.parametrize(
    ("asked", "settings"),
    [
        ({"Power": "On", "Mode": "Cool", "Temp": 25}, ("cool", 25.0, None)),
        ({"power": "on", "mode": "COOL", "temp": 25.9}, ("cool", 25.0, None)),  # whole degrees
        ({"Power": "On", "Mode": "Cool", "Temp": 12}, ("cool", 17.0, None)),  # the protocol's lowest
        ({"Power": "On", "Mode": "Cool", "Temp": 40}, ("cool", 31.0, None)),  # and highest
        ({"Power": "Off", "Mode": "Cool", "Temp": 25}, ("off", None, None)),
        ({"Mode": "Stop"}, ("off", None, None)),
        ({"Power": 1, "FanSpeed": "Max"}, ("cool", None, "high")),
    ],
)
def test_tasmota_sends_what_it_is_told(asked: dict[str, Any], settings: tuple[object, ...]) -> None:
    heard = dialect_of("tasmota").hear("cmnd/ac-1/IRHVAC", json.dumps({"Vendor": "X"} | asked).encode())

    assert heard.desired is not None
    assert (heard.desired.mode, heard.desired.setpoint_c, heard.desired.fan) == settings
    assert heard.desired.requested_by == "app"
    (answer,) = heard.answers
    assert answer.topic == "stat/ac-1/RESULT"
    assert json.loads(answer.payload)["IRHVAC"]["Power"] == ("Off" if settings[0] == "off" else "On")


def test_tasmota_may_be_told_to_remember_only() -> None:
    heard = dialect_of("tasmota").hear("cmnd/ac-1/IRHVAC", b'{"Power": "Off", "StateMode": "StoreOnly"}')

    assert heard.desired is None


def test_shelly_says_what_has_changed_in_wh_and_mwh(make_row: MakeRow) -> None:
    dialect = dialect_of("shelly")
    first = dialect.say([make_row()])
    second = dialect.say([make_row(sampled_at="2025-07-01T19:10:30Z", energy_total_kwh=812.5)])

    full = said(first)["ac-1/events/rpc"]
    delta = said(second)["ac-1/events/rpc"]["params"]["switch:0"]

    assert (full["method"], full["dst"]) == ("NotifyStatus", "ac-1/events")
    assert full["params"]["ts"] == datetime(2025, 7, 1, 19, 5, tzinfo=UTC).timestamp()
    assert full["params"]["switch:0"]["apower"] == 1200.0
    assert delta.keys() == {"id", "aenergy"}  # power, current and voltage are as they were
    assert delta["aenergy"]["total"] == 812_500.0
    assert delta["aenergy"]["by_minute"] == [20_000.0] * 3  # 1200 W are 20 Wh a minute
    assert delta["aenergy"]["minute_ts"] == datetime(2025, 7, 1, 19, 10, tzinfo=UTC).timestamp()


def test_shelly_answers_with_its_whole_status_and_switches_nothing(make_row: MakeRow) -> None:
    dialect = dialect_of("shelly")
    dialect.say([make_row()])

    (answer,) = dialect.hear("ac-1/command/switch:0", b"status_update").answers

    assert answer.topic == "ac-1/status/switch:0"
    assert json.loads(answer.payload)["output"] is True
    assert json.loads(answer.payload)["apower"] == 1200.0
    assert dialect.hear("ac-1/command/switch:0", b"off") == (None, ())
    assert dialect.confirm(REMOTE) == ()


def test_esphome_says_one_value_a_topic(make_row: MakeRow) -> None:
    messages = dialect_of("esphome").say([make_row()])

    assert said(messages) == {
        "ac-1/climate/ac/mode/state": "cool",
        "ac-1/climate/ac/action/state": "cooling",
        "ac-1/climate/ac/current_temperature/state": "26.1",
        "ac-1/climate/ac/target_temperature/state": "24.0",
        "ac-1/sensor/power/state": "1200.0",
        "ac-1/sensor/energy/state": "812.400",
    }
    assert all(message.retain for message in messages)


def test_esphome_says_no_temperature_that_it_has_not(make_row: MakeRow) -> None:
    off = make_row(mode="off", setpoint_c=None, indoor_dry_bulb_c=None, compressor_ratio=0.0)

    words = said(dialect_of("esphome").say([off]))

    assert words["ac-1/climate/ac/action/state"] == "off"
    assert not any("temperature" in topic for topic in words)


@pytest.mark.parametrize(
    ("item", "word", "settings"),
    [
        ("mode", "cool", ("cool", None, None)),
        ("mode", "OFF", ("off", None, None)),
        ("mode", "melt", None),
        ("target_temperature", "25.5", (None, 25.5, None)),
        ("target_temperature", "99", (None, 35.0, None)),  # passed on; the machine cuts it to its own range
        ("fan_mode", "quiet", (None, None, "low")),
        ("fan_mode", "gale", None),
    ],
)
def test_esphome_takes_one_value_a_topic(item: str, word: str, settings: tuple[object, ...] | None) -> None:
    desired = dialect_of("esphome").hear(f"ac-1/climate/ac/{item}/command", word.encode()).desired

    assert (desired and (desired.mode, desired.setpoint_c, desired.fan)) == settings


def test_faikout_says_only_what_has_changed(make_row: MakeRow) -> None:
    dialect = dialect_of("faikout")
    dialect.greet()
    full = said(dialect.say([make_row()]))["state/ac-1/status"]
    same = dialect.say([make_row()])
    cooler = said(dialect.say([make_row(indoor_dry_bulb_c=25.9)]))["state/ac-1/status"]

    assert {
        "power": True,
        "mode": "C",
        "temp": 24.0,
        "home": 26.1,
        "outside": 37.2,
        "comp": 45,
    }.items() <= full.items()
    assert same == []
    assert cooler == {"home": 25.9}
    dialect.greet()
    assert said(dialect.say([make_row()]))["state/ac-1/status"].keys() == full.keys()


@pytest.mark.parametrize(
    ("asked", "settings"),
    [
        ({"temp": 25.3}, (None, 25.5, None)),  # S21 knows half degrees
        ({"temp": 99}, (None, 35.0, None)),  # not checked; the machine cuts it
        ({"power": True}, ("cool", None, None)),
        ({"power": False, "temp": 25}, ("off", None, None)),
        ({"mode": "H"}, ("heat", None, None)),
        ({"fan": "Q"}, (None, None, "low")),
        ({"fan": 5}, (None, None, "high")),
    ],
)
def test_faikout_takes_parts_of_its_settings(asked: dict[str, Any], settings: tuple[object, ...]) -> None:
    desired = dialect_of("faikout").hear("command/ac-1/control", json.dumps(asked).encode()).desired

    assert desired is not None
    assert (desired.mode, desired.setpoint_c, desired.fan) == settings


def test_faikout_keeps_its_power_cap_within_range() -> None:
    heard = dialect_of("faikout").hear("command/ac-1/control", b'{"demand": 10}')

    assert heard.desired is None
    assert json.loads(heard.answers[0].payload)["demand"] == 30


@pytest.mark.parametrize(("word", "taken_c"), [("26", 26.0), ("15.5", 23.0), ("32", 23.0), ("nan", 23.0)])
def test_mitsubishi2mqtt_takes_23_degrees_for_what_is_out_of_range(word: str, taken_c: float) -> None:
    heard = dialect_of("mitsubishi2mqtt").hear("mitsubishi2mqtt/ac-1/temp/set", word.encode())

    assert heard.desired is not None
    assert heard.desired.setpoint_c == taken_c
    assert json.loads(heard.answers[0].payload)["temperature"] == taken_c  # before the machine has confirmed


def test_mitsubishi2mqtt_says_frequency_and_no_power(make_row: MakeRow) -> None:
    state = said(dialect_of("mitsubishi2mqtt").say([make_row()]))["mitsubishi2mqtt/ac-1/state"]

    assert state["compressorFrequency"] == 45  # half of 90 Hz
    assert (state["roomTemperature"], state["temperature"], state["action"]) == (26.1, 24.0, "cooling")
    assert not any("power" in name.lower() for name in state)


def test_native_speaks_the_contract(make_row: MakeRow) -> None:
    dialect = dialect_of("native")

    (single,) = dialect.say([make_row()])
    (several,) = dialect.say([make_row(), make_row(seq=8)])

    assert single.topic == several.topic == topics.telemetry("ac-1")
    assert (single.payload[:1], several.payload[:1]) == (b"{", b"[")
    assert [reading.seq for reading in read_telemetry(several.payload)[0]] == [7, 8]


def test_only_native_devices_have_events() -> None:
    event = Event(device_id="ac-1", event_id="e", occurred_at=datetime(2025, 7, 1, tzinfo=UTC), kind="boot")
    names: tuple[DialectName, ...] = ("native", "tasmota", "shelly", "esphome", "faikout", "mitsubishi2mqtt")

    told = {name: dialect_of(name).tell(event) for name in names}

    (message,) = told.pop("native")
    assert message.topic == topics.event("ac-1")
    assert Event.model_validate_json(message.payload) == event
    assert set(map(tuple, told.values())) == {()}


@pytest.mark.parametrize(
    ("name", "online", "offline"),
    [
        ("tasmota", ("tele/ac-1/LWT", "Online"), ("tele/ac-1/LWT", "Offline")),
        ("shelly", ("ac-1/online", "true"), ("ac-1/online", "false")),
        ("esphome", ("ac-1/status", "online"), ("ac-1/status", "offline")),
    ],
)
def test_makes_say_whether_they_are_there(
    name: DialectName, online: tuple[str, str], offline: tuple[str, str]
) -> None:
    dialect = dialect_of(name)

    assert dialect.greet()[0] == Message(online[0], online[1].encode(), retain=True)
    assert dialect.will == Message(offline[0], offline[1].encode(), retain=True)


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("tasmota", b"[]"),
        ("tasmota", b'{"Temp": "hot"}'),
        ("esphome", b"warm"),
        ("esphome", b"nan"),
        ("faikout", b"{"),
        ("faikout", b'{"mode": "Z"}'),
        ("mitsubishi2mqtt", b"warm"),
        ("native", b"{}"),
    ],
)
def test_what_is_no_command_is_refused(name: DialectName, payload: bytes) -> None:
    dialect = dialect_of(name)
    topic = next(
        t for t in dialect.subscriptions if name not in {"esphome", "mitsubishi2mqtt"} or "temp" in t
    )

    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        dialect.hear(topic, payload)


def test_the_machine_cuts_what_firmware_passes_on() -> None:
    fleet = Fleet(FleetSpec(homes=1, seed=1, start=datetime(2025, 7, 1, 7, tzinfo=UTC)), 1)
    heard = dialect_of("esphome").hear("ac-1/climate/ac/target_temperature/command", b"99")
    assert heard.desired is not None

    fleet.command(fleet.sites[0].device_id, heard.desired)

    assert fleet.step().telemetry(0).setpoint_c == 30.0  # the machine's highest


def test_no_number_cannot_be_spoken() -> None:
    with pytest.raises(ValueError, match="no number"):
        speakable_c(float("nan"))
