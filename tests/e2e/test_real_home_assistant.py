"""A real Home Assistant, where one is installed, finds our devices, shows them and presses our buttons.

python3.13 -m venv ha && ha/bin/pip install homeassistant==2025.4.4 \
        home-assistant-frontend==20250411.0 paho-mqtt==2.1.0
AC_ADVISOR_HOME_ASSISTANT=ha/bin/hass pytest -m slow tests/e2e/test_real_home_assistant.py
"""

import json
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict
from typing_extensions import override

from edge.adapters.mqtt_board import MqttBoard, Presses
from edge.adapters.mqtt_session import Endpoint, MqttSession
from edge.home_assistant.display import Display
from edge.home_assistant.place import STATUS, Place
from edge.home_assistant.ports import Account
from edge.home_assistant.shown import Advice, Device, Latest, Shown
from edge.home_assistant.wishes import Wish
from edge.ports import Parcel
from infra.local.broker import Broker, Identity

LOGIN = Identity("home-assistant", "secret-1", "site", "home_assistant")
"""As `ac-advisor devices add-home-assistant` makes it: for both ends."""

PLACE = Place(LOGIN.name)
START_S = 240.0
CONFIGURATION = """
homeassistant:
  name: Test
automation:
  - alias: whoever sees the recommendation applies it
    triggers:
      - trigger: state
        entity_id: sensor.living_room_recommended_setpoint
        to: "26.0"
    actions:
      - action: button.press
        target: {entity_id: button.living_room_apply_recommendation}
      - action: climate.set_temperature
        target: {entity_id: climate.living_room}
        data: {temperature: 25}
      - action: select.select_option
        target: {entity_id: select.living_room_autonomy}
        data: {option: one_tap}
"""
SHOWN = Shown(
    device=Device(
        device_id="dev-1",
        name="Living room",
        latest=Latest(mode="cool", setpoint_c=24.0, indoor_dry_bulb_c=25.1, energy_total_kwh=12.5),
    ),
    advice=Advice(
        advice_id="advice-1",
        setpoint_c=26.0,
        mode="cool",
        reason="Nobody is home until 17:00.",
        status="offered",
        valid_until="2030-07-01T14:00:00Z",
        expected_saving_kwh=0.42,
        saving_interval_kwh=[0.3, 0.55],
        expected_saving_money=0.12,
        saving_interval_money=[0.08, 0.16],
        currency="EUR",
    ),
)


class Programs(BaseSettings):
    """What may be installed beside."""

    model_config = SettingsConfigDict(env_prefix="AC_ADVISOR_", extra="ignore")

    home_assistant: Path | None = None


@dataclass
class OneDevice(Account):
    """An account with one device, and what was asked for."""

    wishes: list[Wish] = field(default_factory=list[Wish])

    @override
    def devices(self) -> Sequence[Shown]:
        return [SHOWN]

    @override
    def ask(self, wish: Wish, shown: Shown) -> None:
        self.wishes.append(wish)


@pytest.fixture
def hass() -> Path:
    path = Programs().home_assistant
    if path is None:
        pytest.skip("AC_ADVISOR_HOME_ASSISTANT does not name a `hass`: see the head of this file")
    return path


@pytest.mark.slow
def test_it_makes_all_entities_and_its_automation_applies_the_recommendation(
    hass: Path, make_broker: Callable[..., Broker], tmp_path: Path
) -> None:
    port = make_broker(LOGIN).settings.mqtt_port
    account, presses = OneDevice(), Presses(PLACE)
    password = SecretStr(LOGIN.password)
    endpoint = Endpoint("127.0.0.1", port, LOGIN.name, password, "shower", durable=False)
    session = MqttSession("shower", endpoint, presses.subscriptions(), Random(1))  # noqa: S311 (reconnects)
    session.start()
    assert session.up.wait(10)
    display = Display(account, MqttBoard(session), PLACE)
    session.publish(Parcel(PLACE.online, b"online"), retained=True)
    display.refresh()

    with _running(hass, tmp_path / "ha", port):
        deadline = time.monotonic() + START_S
        while len(account.wishes) < 3 and time.monotonic() < deadline:
            message = presses.take(0.5)
            if message is not None and message.topic != STATUS:
                display.press(message)
    session.stop()

    registry = json.loads((tmp_path / "ha" / ".storage" / "core.entity_registry").read_text())
    entities = {each["entity_id"]: each for each in registry["data"]["entities"]}
    assert sorted(name for name in entities if "living_room" in name) == [
        "button.living_room_a_bit_warm",
        "button.living_room_apply_recommendation",
        "button.living_room_dismiss_recommendation",
        "climate.living_room",
        "select.living_room_autonomy",
        "sensor.living_room_energy",
        "sensor.living_room_power",
        "sensor.living_room_recommended_setpoint",
    ]
    assert account.wishes == [
        Wish("dev-1", "apply"),
        Wish("dev-1", "setpoint", 25.0),
        Wish("dev-1", "autonomy", "one_tap"),
    ]


@contextmanager
def _running(hass: Path, folder: Path, port: int) -> Iterator[None]:
    (folder / ".storage").mkdir(parents=True)
    (folder / "configuration.yaml").write_text(CONFIGURATION)
    (folder / ".storage" / "core.config_entries").write_text(json.dumps(_mqtt_entry(port)))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [hass, "--config", str(folder), "--skip-pip"], stdout=log, stderr=subprocess.STDOUT
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _mqtt_entry(port: int) -> dict[str, Any]:
    """As Home Assistant 2025.4 stores the connection to a broker."""
    data = {"broker": "127.0.0.1", "port": port, "username": LOGIN.name, "password": LOGIN.password}
    entry: dict[str, Any] = {
        "created_at": "2025-04-01T00:00:00+00:00",
        "modified_at": "2025-04-01T00:00:00+00:00",
        "data": data,
        "disabled_by": None,
        "discovery_keys": {},
        "domain": "mqtt",
        "entry_id": "0123456789abcdef0123456789abcdef",
        "minor_version": 2,
        "options": {},
        "pref_disable_new_entities": False,
        "pref_disable_polling": False,
        "source": "user",
        "subentries": [],
        "title": "broker",
        "unique_id": None,
        "version": 1,
    }
    return {
        "version": 1,
        "minor_version": 5,
        "key": "core.config_entries",
        "data": {"entries": [entry]},
    }
