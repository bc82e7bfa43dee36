"""What Home Assistant is told, held against its documentation and read by the gateway's own reader of it."""

import json
from dataclasses import dataclass, field
from typing import Any, get_args

import pytest
from typing_extensions import override

from edge.contract import Desired
from edge.dialects.dialect import InForce, Source
from edge.dialects.home_assistant.dialect import HomeAssistant
from edge.dialects.home_assistant.discovery import Book
from edge.dialects.home_assistant.templates import render
from edge.errors import CloudAwayError, CloudRefusedError
from edge.home_assistant.display import Display
from edge.home_assistant.place import Place
from edge.home_assistant.ports import Account, Board
from edge.home_assistant.shown import Advice, Autonomy, Device, Latest, Preferences, Shown
from edge.home_assistant.wishes import Wish
from edge.ports import Message, Parcel

PLACE = Place("our-home")
COMMON = frozenset({"platform", "name", "unique_id", "entity_category", "device_class"})
VALUE = frozenset({"state_topic", "value_template"})
DOCUMENTED = {
    "climate": COMMON
    | {f"{what}_{kind}" for what in ("mode", "temperature", "fan_mode") for kind in ("state_topic",)}
    | {f"{what}_{kind}" for what in ("mode", "temperature", "fan_mode") for kind in ("state_template",)}
    | {f"{what}_command_topic" for what in ("mode", "temperature", "fan_mode")}
    | {"current_temperature_topic", "current_temperature_template", "modes", "fan_modes"}
    | {"min_temp", "max_temp", "temp_step", "precision", "temperature_unit"},
    "sensor": COMMON | VALUE | {"unit_of_measurement", "state_class", "json_attributes_topic"},
    "button": COMMON | {"command_topic", "payload_press"},
    "select": COMMON | VALUE | {"command_topic", "options"},
}
"""Options by platform, of those that we use (Home Assistant, pages "MQTT HVAC, sensor, button, select")."""

HVAC_MODES = {"auto", "off", "cool", "heat", "dry", "fan_only"}
"""What `modes` of an MQTT climate may be (page "MQTT HVAC")."""

ADVICE = Advice(
    advice_id="advice-1",
    setpoint_c=26.0,
    mode="cool",
    reason="Nobody is home until 17:00.",
    status="offered",
    valid_until="2026-07-01T14:00:00Z",
    expected_saving_kwh=0.42,
    saving_interval_kwh=[0.3, 0.55],
    expected_saving_money=0.12,
    saving_interval_money=[0.08, 0.16],
    currency="EUR",
)
READING = Latest(mode="fan", indoor_dry_bulb_c=25.4, electric_power_w=640.5, energy_total_kwh=12.5, fan="low")


@dataclass
class MemoryAccount(Account):
    """An `Account` of whoever holds it."""

    shown: list[Shown] = field(default_factory=list[Shown])
    wishes: list[Wish] = field(default_factory=list[Wish])
    refuses: Exception | None = None

    @override
    def devices(self) -> list[Shown]:
        return self.shown

    @override
    def ask(self, wish: Wish, shown: Shown) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.wishes.append(wish)


@dataclass
class MemoryBoard(Board):
    """A `Board` like a broker: the newest of each topic, nothing where it was taken away."""

    retained: dict[str, bytes] = field(default_factory=dict[str, bytes])
    shows: int = 0

    @override
    def show(self, parcel: Parcel) -> None:
        self.shows += 1
        self.retained[parcel.topic] = parcel.body
        if not parcel.body:
            del self.retained[parcel.topic]

    def read(self, topic: str) -> Any:  # noqa: ANN401 (JSON)
        return json.loads(self.retained[topic])


@dataclass
class Stage:
    account: MemoryAccount = field(default_factory=MemoryAccount)
    board: MemoryBoard = field(default_factory=MemoryBoard)

    def __post_init__(self) -> None:
        self.display = Display(self.account, self.board, PLACE)

    def press(self, what: str, payload: str = "PRESS", device_id: str = "dev-1") -> None:
        self.display.press(Message(f"ac-advisor/our-home/{device_id}/set/{what}", payload.encode()))


@pytest.fixture
def stage() -> Stage:
    device = Device(device_id="dev-1", name="Living room", latest=READING)
    made = Stage(MemoryAccount([Shown(device=device, advice=ADVICE, preferences=Preferences())]))
    made.display.refresh()
    return made


def test_every_entity_has_only_documented_options_and_an_id_of_its_own(stage: Stage) -> None:
    described = stage.board.read("homeassistant/device/our-home/dev-1/config")

    assert set(described) == {"device", "origin", "availability_topic", "components"}
    components = described["components"]
    assert {name: each["platform"] for name, each in components.items()} == {
        "climate": "climate",
        "power": "sensor",
        "energy": "sensor",
        "recommended_setpoint": "sensor",
        "apply": "button",
        "dismiss": "button",
        "a_bit_warm": "button",
        "autonomy": "select",
    }
    for each in components.values():
        assert set(each) <= DOCUMENTED[each["platform"]]
    assert len({each["unique_id"] for each in components.values()}) == len(components)
    assert set(components["climate"]["modes"]) == HVAC_MODES
    assert components["autonomy"]["options"] == list(get_args(Autonomy))
    energy = components["energy"]
    assert (energy["device_class"], energy["unit_of_measurement"], energy["state_class"]) == (
        "energy",
        "kWh",
        "total_increasing",
    )


def test_templates_read_the_state_as_it_is(stage: Stage) -> None:
    components = stage.board.read("homeassistant/device/our-home/dev-1/config")["components"]

    def shown(component: str, prefix: str, template: str = "template") -> str | None:
        options = components[component]
        said = stage.board.retained[options[f"{prefix}_topic"]].decode()
        return render(options.get(f"{prefix}_{template}") or options["value_template"], said)

    assert shown("climate", "mode_state", "template") == "fan_only"
    assert shown("climate", "temperature_state") == "None"
    assert shown("climate", "current_temperature") == "25.4"
    assert shown("climate", "fan_mode_state") == "low"
    assert shown("power", "state") == "640.5"
    assert shown("energy", "state") == "12.5"
    assert shown("recommended_setpoint", "state") == "26.0"
    assert shown("autonomy", "state") == "suggest"
    attributes = stage.board.read(components["recommended_setpoint"]["json_attributes_topic"])
    assert attributes["reason"] == "Nobody is home until 17:00."
    assert attributes["saving_interval_kwh"] == [0.3, 0.55]
    assert attributes["expected_saving_kwh"] == 0.42


def test_a_reader_of_discovery_understands_and_can_set_what_we_describe(stage: Stage) -> None:
    """The gateway's own, which skips what is of our origin: so it gets another one here."""
    topic = "homeassistant/device/our-home/dev-1/config"
    described = stage.board.read(topic) | {"origin": {"name": "other"}}
    book = Book()
    book.learn(topic, json.dumps(described).encode())
    reader = HomeAssistant(Source(dialect="home_assistant", name="ac_advisor_dev-1", root="ac-advisor"), book)
    facts: dict[str, object] = {}
    for each in reader.filters:
        if each in stage.board.retained:
            facts |= reader.hear(each, stage.board.retained[each]).facts
    orders = reader.tell(Desired(mode="cool", setpoint_c=25.0, fan="high"), InForce(mode="fan", fan="low"))
    for order in orders:
        stage.display.press(Message(order.topic, order.body))

    assert facts["mode"] == "fan"
    assert facts["indoor_dry_bulb_c"] == 25.4
    assert facts["electric_power_w"] == 640.5
    assert set(stage.account.wishes) == {
        Wish("dev-1", "mode", "cool"),
        Wish("dev-1", "setpoint", 25.0),
        Wish("dev-1", "fan", "high"),
    }


def test_a_gateway_on_the_same_broker_does_not_take_them_for_devices(stage: Stage) -> None:
    book = Book()
    for topic, payload in stage.board.retained.items():
        if topic.startswith("homeassistant/"):
            book.learn(topic, payload)

    assert list(book.air_conditioners()) == []


def test_buttons_and_the_select_do_what_they_say(stage: Stage) -> None:
    for what in ("apply", "dismiss", "a_bit_warm"):
        stage.press(what)
    stage.press("autonomy", "one_tap")

    assert stage.account.wishes == [
        Wish("dev-1", "apply"),
        Wish("dev-1", "dismiss"),
        Wish("dev-1", "a_bit_warm"),
        Wish("dev-1", "autonomy", "one_tap"),
    ]


@pytest.mark.parametrize(
    ("what", "payload"),
    [
        ("autonomy", "boss"),
        ("mode", "turbo"),
        ("setpoint", "nan"),
        ("setpoint", "99"),
        ("setpoint", "warm"),
        ("fan", ""),
        ("explode", "PRESS"),
        ("apply/x", "PRESS"),
    ],
)
def test_what_cannot_be_meant_is_not_passed_on(stage: Stage, what: str, payload: str) -> None:
    stage.press(what, payload)

    assert stage.account.wishes == []


def test_a_device_of_somebody_else_cannot_be_pressed(stage: Stage) -> None:
    stage.press("apply", device_id="dev-2")

    assert stage.account.wishes == []


def test_a_refused_press_shows_the_true_state_again(stage: Stage) -> None:
    shows = stage.board.shows
    stage.display.refresh()
    assert stage.board.shows == shows, "nothing has changed"
    stage.account.refuses = CloudRefusedError("the advice has expired")
    stage.press("autonomy", "auto")

    stage.display.refresh()

    assert stage.board.shows == shows + 2


def test_a_press_while_the_cloud_is_away_is_said_and_not_lost_in_silence(stage: Stage) -> None:
    stage.account.refuses = CloudAwayError("no answer")

    with pytest.raises(CloudAwayError):
        stage.press("apply")


def test_who_is_gone_is_taken_away_and_a_new_start_is_told_all(stage: Stage) -> None:
    stage.board.retained.clear()
    stage.display.tell_again()
    stage.display.refresh()
    assert len(stage.board.retained) == 3

    stage.account.shown = []
    stage.display.refresh()

    assert stage.board.retained == {}


def test_ids_that_differ_stay_apart() -> None:
    ids = ["a:b", "a_b", "a-b", "a_-b", "a__b", "a:_b", "a_:b"]

    assert len({PLACE.discovery(each) for each in ids}) == len(ids)
