"""Whatever devices say: no crash; it is understood, refused with a reason, or of no concern."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.contract import MAX_PAYLOAD_BYTES, read_telemetry
from edge.interpreter import Interpreter
from edge.ports import Message, Parcel
from edge.registry import Registration

if TYPE_CHECKING:
    from tests.unit.edge.conftest import Site

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)

SOURCES = {
    "dev-1": ("tasmota:ir", "shelly:plug", "faikout:host"),
    "dev-2": ("mitsubishi2mqtt:living", "home_assistant:node", "home_assistant:0x01@zigbee2mqtt"),
}
CLIMATE: dict[str, Any] = {
    "~": "node",
    "dev": {"ids": ["node"], "cns": [["mac", "aa"]]},
    "mode_stat_t": "~/state",
    "mode_stat_tpl": "{{ value_json.mode | default('off') }}",
    "mode_cmd_t": "~/set",
    "temp_stat_t": "~/state",
    "temp_stat_tpl": "{{ value_json.t | float(0) * 1.0 }}",
    "curr_temp_t": "~/temp",
    "avty": [{"t": "~/online", "val_tpl": "{{ value }}"}],
    "temp_unit": "F",
    "max_temp": 86,
    "modes": ["off", "cool"],
}
SENSOR = {
    "p": "sensor",
    "dev_cla": "power",
    "unit_of_meas": "W",
    "stat_t": "node/p",
    "val_tpl": "{{ value }}",
}
GOOD: tuple[tuple[str, object], ...] = (
    ("tele/ir/LWT", "Online"),
    ("tele/ir/SENSOR", {"Time": "x", "ENERGY": {"Total": [1, 2], "Power": 5}, "DHT": {"Temperature": 20}}),
    (
        "tele/ir/RESULT",
        {"IrReceived": {"IRHVAC": {"Vendor": "COOLIX", "Power": "On", "Mode": "Cool", "Temp": 24}}},
    ),
    ("stat/ir/RESULT", {"IRHVAC": {"Vendor": "COOLIX", "Model": 1, "FanSpeed": 3, "Celsius": "off"}}),
    ("plug/online", "true"),
    (
        "plug/events/rpc",
        {"method": "NotifyStatus", "params": {"switch:0": {"apower": 5, "aenergy": {"total": 9}}}},
    ),
    ("plug/status/switch:0", {"apower": 1.5, "aenergy": {"total": 9}}),
    ("state/host", "false"),
    ("state/host/status", {"power": True, "mode": "C", "temp": 21.5, "home": 19.5, "fan": "A", "Wh": 5}),
    (
        "mitsubishi2mqtt/living/state",
        {"roomTemperature": 26.5, "temperature": 25, "fan": "auto", "mode": "cool"},
    ),
    ("mitsubishi2mqtt/living/settings", {"temperature": 25, "fan": "middle", "mode": "off"}),
    ("mitsubishi2mqtt/living/availability", "online"),
    ("homeassistant/climate/node/ac/config", CLIMATE),
    ("homeassistant/device/node/config", {"dev": {"ids": ["node"]}, "cmps": {"p": SENSOR}}),
    ("node/state", {"mode": "cool", "t": 75}),
    ("node/temp", "77.5"),
    ("node/p", "812"),
    ("node/online", "online"),
    ("dt/ac/dev-1/telemetry", {"device_id": "dev-1", "sampled_at": "2026-07-01T12:00:00Z", "mode": "off"}),
    ("dt/ac/dev-1/event", {"device_id": "dev-1", "event_id": "e", "kind": "boot"}),
    ("$aws/things/dev-1/shadow/update", {"state": {"reported": {"mode": "cool"}}}),
    ("newcomer/online", "true"),
)
ODD: tuple[object, ...] = (
    None, True, False, 0, -1, 1e308, 10**400, float("nan"), float("inf"), "", "nan", "1e999", "x" * 5000,
    "\ud800", "\x00", "on", [], {}, [[[]]], {"a": {"b": [1]}}, "{{ 9 ** 9 }}", "{{", "#", "dt/ac/dev-2/event",
    [None] * 300, {"total": "x"}, -273.15, 85.0, "٣", " 5 ",
)  # fmt: skip


class Gauntlet:
    """An interpreter before a gateway; it checks what must hold of every message."""

    def __init__(self, site: "Site") -> None:
        self._site = site
        for device_id, sources in SOURCES.items():
            fields = {"device_id": device_id, "sources": sources}
            site.registry[device_id] = Registration.model_validate(fields)
        self._interpreter = Interpreter(site.registry, 60)
        self._now = NOON
        self.refused = 0
        self.introduce()

    def introduce(self) -> None:
        """Everybody says what is right."""
        for topic, document in GOOD:
            self.run(topic, _encode(document))

    def run(self, topic: str, payload: bytes) -> None:
        self._now += timedelta(seconds=1)
        found = self._interpreter.interpret([Message(topic, payload)], self._now)
        for letter in found.letters:
            assert letter.reason
            letter.reason.encode()
        self.refused += len(found.letters)
        self._site.gateway.receive(found.messages, found.letters)
        for each in found.messages:
            if each.topic.endswith("/telemetry") and each.topic != topic:
                assert read_telemetry(each.payload)[1] == []  # what we make ourselves keeps the contract

    def order(self, state: dict[str, Any]) -> None:
        body = json.dumps({"version": 1, "state": state}).encode()
        for device_id in SOURCES:
            parcel = Parcel(f"$aws/things/{device_id}/shadow/update/delta", body)
            for told in self._interpreter.tell(parcel, self._now):
                assert not told.topic.startswith(("dt/", "$"))

    def look(self) -> None:
        json.dumps(self._interpreter.listing(self._now)).encode()
        assert all(topic.isprintable() for topic in self._interpreter.filters)


def _encode(document: object) -> bytes:
    if isinstance(document, str):
        return document.encode("utf-8", "surrogatepass")
    return json.dumps(document).encode()


def _paths(document: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items: Any = document.items() if isinstance(document, dict) else ()
    items = enumerate(document) if isinstance(document, list) else items
    for key, value in items:
        yield from _paths(value, (*path, key))


def _replaced(document: Any, path: tuple[Any, ...], value: object) -> Any:  # noqa: ANN401 (JSON)
    if not path:
        return value
    copy = dict(document) if isinstance(document, dict) else list(document)
    copy[path[0]] = _replaced(document[path[0]], path[1:], value)
    return copy


def _mutant(rng: random.Random) -> tuple[str, bytes]:
    """A good message with some bytes or one value wrong, or on another's topic."""
    topic, document = rng.choice(GOOD)
    kind = rng.randrange(4)
    if kind == 0:
        path = rng.choice(list(_paths(document)))
        return topic, _encode(_replaced(document, path, rng.choice(ODD)))
    payload = bytearray(_encode(document))
    if kind == 1:
        for _ in range(rng.randint(1, 6)):
            payload[rng.randrange(len(payload))] = rng.randrange(256)
    elif kind == 2:
        payload = payload[: rng.randrange(len(payload))] + rng.randbytes(rng.randrange(12))
    else:
        topic = rng.choice(GOOD)[0]
    if rng.random() < 0.001:
        payload *= MAX_PAYLOAD_BYTES // len(payload) + 2
    return topic, bytes(payload)


def _fuzz(site: "Site", count: int) -> Gauntlet:
    rng = random.Random(9)  # noqa: S311 (repeats itself, hides nothing)
    gauntlet = Gauntlet(site)
    for number in range(count):
        gauntlet.run(*_mutant(rng))
        if number % 97 == 0:
            gauntlet.order({"mode": rng.choice(["off", "cool"]), "setpoint_c": rng.uniform(5, 35)})
            gauntlet.look()
            gauntlet.introduce()  # what was said wrongly is said well again
            site.spool.remove(site.spool.peek(2**62))
            site.spool.keep_only(())
    return gauntlet


def test_thousands_of_broken_messages(site: "Site") -> None:
    gauntlet = _fuzz(site, 3_000)

    assert gauntlet.refused > 300


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_hundred_thousand_broken_messages(site: "Site") -> None:
    assert _fuzz(site, 100_000).refused > 10_000


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None, database=None)
@given(
    topic=st.sampled_from([topic for topic, _ in GOOD]),
    payload=st.binary(max_size=200) | _JSON.map(lambda document: json.dumps(document).encode()),
)
def test_any_json_and_any_bytes(topic: str, payload: bytes) -> None:
    registry = {
        name: Registration.model_validate({"device_id": name, "sources": sources})
        for name, sources in SOURCES.items()
    }
    interpreter = Interpreter(registry, 60)
    for known, document in GOOD:
        interpreter.interpret([Message(known, _encode(document))], NOON)

    found = interpreter.interpret([Message(topic, payload)], NOON + timedelta(seconds=61))

    assert all(letter.reason for letter in found.letters)
