"""Each make that the simulator speaks, through the interpreter and the gateway, and back."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import pytest

from device_sim.wire.dialects.choice import DialectName, speak
from edge.contract import Desired, Reported, Telemetry, read_telemetry, topics
from edge.dialects.dialect import Source
from edge.interpreter import Interpreter
from edge.ports import Message, Parcel
from edge.registry import Registration
from tests.unit.device_sim.wire.dialects.conftest import MakeRow
from tests.unit.device_sim.wire.dialects.conftest import row as a_row

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
STEP = timedelta(minutes=5)


class Make(NamedTuple):
    """A make, under which name the edge knows it, and what it says beyond mode and setpoint."""

    speaks: DialectName
    known_as: str
    says: tuple[str, ...]
    obeys: bool = True


MAKES = (
    Make("tasmota", "tasmota", ("electric_power_w", "energy_total_kwh")),
    Make("shelly", "shelly", ("electric_power_w", "energy_total_kwh"), obeys=False),
    Make("esphome", "home_assistant", ("indoor_dry_bulb_c", "electric_power_w", "energy_total_kwh")),
    Make("faikout", "faikout", ("indoor_dry_bulb_c", "outdoor_dry_bulb_c")),
    Make("mitsubishi2mqtt", "mitsubishi2mqtt", ("indoor_dry_bulb_c",)),
    Make("native", "", ("indoor_dry_bulb_c", "electric_power_w", "energy_total_kwh", "outdoor_dry_bulb_c")),
)


class Wire:
    """A simulated device and the interpreter, without a broker between them."""

    def __init__(self, make: Make) -> None:
        self.device = speak(make.speaks, ["ac-1"], "America/Phoenix")["ac-1"]
        name = "shelly-of-ac-1" if make.speaks == "shelly" else "ac-1"
        sources = [Source.model_validate({"dialect": make.known_as, "name": "ac-1"})] if make.known_as else []
        if make.speaks == "shelly":  # a meter knows no mode: a blaster beside it does
            sources.append(Source(dialect="tasmota", name=name, vendor="MITSUBISHI_HEAVY_152"))
        registration = Registration(device_id="ac-1", sources=tuple(sources))
        self.interpreter = Interpreter({"ac-1": registration}, STEP.total_seconds())
        self.now = NOON
        self.readings: list[Telemetry] = []
        self.reports: list[dict[str, Any]] = []
        self.refused: list[str] = []

    def hear(self, messages: Iterable[Message]) -> None:
        found = self.interpreter.interpret(messages, self.now)
        self.refused += [letter.reason for letter in found.letters]
        for message in found.messages:
            if message.topic == topics.telemetry("ac-1"):
                self.readings += read_telemetry(message.payload)[0]
            elif message.topic == topics.shadow("ac-1", "update"):
                self.reports.append(json.loads(message.payload)["state"]["reported"])

    def say(self, messages: Iterable[Any]) -> None:
        self.hear([Message(each.topic, each.payload) for each in messages])

    def order(self, desired: Desired) -> list[Parcel]:
        state = desired.model_dump(mode="json", exclude_none=True)
        body = json.dumps({"version": 1, "timestamp": 0, "state": state}).encode()
        return self.interpreter.tell(Parcel(topics.shadow("ac-1", "update/delta"), body), self.now)


@pytest.fixture
def make_row() -> MakeRow:
    return partial(a_row, sampled_at="2026-07-01T12:00:00Z", changed_by="remote")


def _play(wire: Wire, make_row: MakeRow) -> None:
    """It connects, somebody uses the remote, and it reports for an interval."""
    wire.say(wire.device.greet())
    wire.say(wire.device.confirm(Reported(mode="cool", setpoint_c=24.0, fan="auto", changed_by="remote")))
    if "shelly" in str(type(wire.device)).lower():
        state = {"Vendor": "MITSUBISHI_HEAVY_152", "Power": "On", "Mode": "Cool", "Temp": 24}
        received = json.dumps({"IrReceived": {"IRHVAC": state}}).encode()
        wire.hear([Message("tele/shelly-of-ac-1/RESULT", received)])
    for number in range(3):
        wire.now = NOON + number * timedelta(minutes=2) + timedelta(seconds=1)
        sampled_at = f"2026-07-01T12:0{number}:00Z"
        wire.say(wire.device.say([make_row(seq=number, sampled_at=sampled_at)]))
    wire.now = NOON + STEP + timedelta(seconds=1)
    wire.hear([])


@pytest.mark.parametrize("make", MAKES, ids=lambda make: make.speaks)
def test_what_a_make_says_becomes_readings(make: Make, make_row: MakeRow) -> None:
    wire, row = Wire(make), make_row()

    _play(wire, make_row)

    assert wire.refused == []
    reading = wire.readings[-1]
    assert (reading.mode, reading.setpoint_c) == ("cool", 24.0)
    for field in make.says:
        assert getattr(reading, field) == pytest.approx(getattr(row, field)), field
    measured = ("indoor_dry_bulb_c", "indoor_rh_pct", "outdoor_dry_bulb_c", "electric_power_w")
    if make.known_as:
        absent = {*measured, "energy_total_kwh", "motion"} - set(make.says)
        assert {getattr(reading, field) for field in absent} == {None}
        assert reading.sampled_at == NOON + STEP


@pytest.mark.parametrize(
    "make", [make for make in MAKES if make.obeys and make.known_as], ids=lambda m: m.speaks
)
def test_a_command_reaches_each_make_and_is_confirmed_as_ours(make: Make, make_row: MakeRow) -> None:
    wire = Wire(make)
    _play(wire, make_row)
    wire.reports.clear()

    desired = Desired(mode="cool", setpoint_c=26.0, command_id="c-1", requested_by="advisor", advice_id="a-1")
    parcels = wire.order(desired)

    assert len(parcels) == 1
    (parcel,) = parcels
    assert parcel.topic in wire.device.subscriptions
    heard = wire.device.hear(parcel.topic, parcel.body)
    assert heard.desired is not None
    assert heard.desired.setpoint_c == 26.0
    wire.say(heard.answers)
    assert [
        report for report in wire.reports if make.speaks == "mitsubishi2mqtt"
    ] == []  # an echo is no proof
    wire.say(wire.device.confirm(Reported(mode="cool", setpoint_c=26.0, fan="auto", changed_by="app")))
    assert wire.reports[-1]["setpoint_c"] == 26.0
    assert (wire.reports[-1]["changed_by"], wire.reports[-1]["command_id"]) == ("advisor", "c-1")
    assert wire.reports[-1]["advice_id"] == "a-1"


@pytest.mark.parametrize(
    "make", [make for make in MAKES if make.obeys and make.known_as], ids=lambda m: m.speaks
)
def test_a_person_at_the_unit_is_a_remote_and_not_us(make: Make, make_row: MakeRow) -> None:
    wire = Wire(make)
    _play(wire, make_row)
    wire.order(Desired(mode="cool", setpoint_c=26.0, command_id="c-1", requested_by="advisor"))
    wire.reports.clear()

    wire.say(wire.device.confirm(Reported(mode="cool", setpoint_c=21.0, fan="auto", changed_by="remote")))
    wire.now += timedelta(minutes=2)
    wire.say(wire.device.say([make_row(setpoint_c=21.0)]))

    assert [(each["setpoint_c"], each["changed_by"]) for each in wire.reports] == [(21.0, "remote")]
    assert "command_id" not in wire.reports[0]


def test_the_wire_contract_passes_untouched() -> None:
    interpreter = Interpreter({"ac-1": Registration(device_id="ac-1")}, 300)
    message = Message("dt/ac/ac-1/telemetry", b"whatever")
    order = Parcel(topics.shadow("ac-1", "update/delta"), b"{}")

    assert interpreter.interpret([message], NOON).messages == [message]
    assert interpreter.tell(order, NOON) == [order]
