"""A device that nobody has registered, on the whole stack: found, let in by its people, read and told."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.claims import ClaimDesk
from device_sim.wire.dialects.choice import speak
from edge.contract import Reported
from edge.contract.claim import found_id
from infra.local.api_client import ApiClient
from infra.local.broker import Identity, free_ports
from infra.local.identities import GATEWAY_ID
from infra.local.onboarding import register
from infra.local.stack import Stack
from infra.local.stack_settings import StackSettings
from tests.unit.device_sim.wire.dialects.conftest import row

HOME = {"name": "Home", "latitude_deg": 52.0, "longitude_deg": 5.0, "timezone": "UTC", "currency": "EUR"}
COOLING = Reported(mode="cool", setpoint_c=24.0, fan="auto", changed_by="remote")
OWN_ID = found_id(GATEWAY_ID, "home_assistant:node")


class Unit:
    """An air conditioner that a bridge's login speaks for, in Home Assistant's words."""

    def __init__(self, port: int, login: Identity) -> None:
        self._voice = speak("esphome", [login.name], "UTC")[login.name]
        self._numbers = count()
        self.told: list[tuple[str, bytes]] = []
        self._paho = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=login.name)
        self._paho.username_pw_set(login.name, login.password)
        self._paho.reconnect_delay_set(1, 1)
        self._paho.on_connect = lambda *_: self._greet()
        self._paho.on_message = lambda _c, _d, each: self.told.append((each.topic, bytes(each.payload)))
        self._paho.connect("127.0.0.1", port)
        self._paho.loop_start()

    def _greet(self) -> None:
        self._paho.subscribe([(topic, 1) for topic in self._voice.subscriptions])
        for each in self._voice.greet():
            self._paho.publish(each.topic, each.payload, 1, each.retain)

    def say(self) -> None:
        """What it is set to and measures now."""
        reading = row(seq=next(self._numbers))
        for each in (*self._voice.confirm(COOLING), *self._voice.say([reading])):
            self._paho.publish(each.topic, each.payload, 1, each.retain)

    def close(self) -> None:
        self._paho.disconnect()
        self._paho.loop_stop()


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    web_port, mqtt_port = free_ports(2)
    environment = {**os.environ, "EDGE_SAMPLE_INTERVAL_S": "1"}  # noqa: TID251 (for children)
    stack = Stack(StackSettings(tmp_path, web_port, mqtt_port), environment)
    yield stack
    stack.stop()
    stack.state.close()


def test_what_nobody_has_registered_is_found_let_in_read_and_told(stack: Stack) -> None:
    bridge = stack.identities.add_bridge("node")
    stack.start()
    api = ApiClient(stack.settings.web_port)
    register(api, "ann@example.org")
    home_id = api.call("POST", "/v1/homes", HOME)["home_id"]
    code = ClaimDesk(stack.state, lambda: datetime.now(UTC)).show(GATEWAY_ID, "gateway").code
    api.call("POST", "/v1/gateways/claim", {"code": code, "home_id": home_id})
    gateway = f"/v1/gateways/{GATEWAY_ID}"

    with (
        closing(Unit(stack.settings.mqtt_port, bridge)) as unit,
        closing(SqliteReadingLog(stack.settings.data_dir / "ingest.sqlite", read_only=True)) as log,
    ):
        _wait_for(lambda: api.call("GET", gateway)["waiting_names"] == {OWN_ID: "node"}, unit.say)
        for _ in range(8):
            unit.say()
            time.sleep(0.3)
        assert (log.head(), log.letters()) == (0, []), "nothing that it says has left the site"

        api.call("PUT", f"{gateway}/devices/{OWN_ID}", {"name": "Bedroom"})
        _wait_for(lambda: log.latest(OWN_ID) is not None, unit.say)
        api.call("POST", f"/v1/devices/{OWN_ID}/commands", {"setpoint_c": 26})
        _wait_for(lambda: any(payload.startswith(b"26") for _, payload in unit.told), unit.say)

    shown = api.call("GET", gateway)
    assert (shown["device_ids"], shown["waiting_ids"]) == ([OWN_ID], [])


def _wait_for(condition: Callable[[], object], meanwhile: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        meanwhile()
        time.sleep(0.3)
