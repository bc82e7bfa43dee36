"""The whole stack of one machine, with what may happen to it while it runs."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.ports.records import BEHIND, DeviceRecord, device_pk, gateway_pk
from cloud.ports.state import Put
from edge.contract import Telemetry, topics, write_telemetry
from infra.local.broker import free_ports
from infra.local.errors import DeviceNameError
from infra.local.identities import GATEWAY_ID
from infra.local.lake_count import rows_in_lake, seal
from infra.local.stack import Stack
from infra.local.stack_settings import StackSettings
from tests.waiting import wait_for

MakeTelemetry = Callable[..., Telemetry]


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    web_port, mqtt_port = free_ports(2)
    stack = Stack(StackSettings(tmp_path, web_port, mqtt_port), dict(os.environ))  # noqa: TID251 (for children)
    yield stack
    stack.stop()
    stack.state.close()


def _add(data_dir: Path, device_id: str, *options: str) -> dict[str, Any]:
    """`ac-advisor devices add`, in a process of its own."""
    command = [sys.executable, "-m", "infra.local", "devices", "add", device_id, *options]
    places = ["--data-dir", str(data_dir), "--json"]
    done = subprocess.run([*command, *places], capture_output=True, text=True, check=True, timeout=60)
    login: dict[str, Any] = json.loads(done.stdout)
    return login


def _say(stack: Stack, login: dict[str, Any], *readings: Telemetry) -> None:
    """Connect as a device, as soon as the broker lets it in, and publish."""
    device = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=login["username"])
    device.username_pw_set(login["username"], login["password"])
    device.reconnect_delay_set(1, 1)
    device.connect("127.0.0.1", stack.settings.mqtt_port)
    device.loop_start()
    try:
        wait_for(device.is_connected)
        said = device.publish(topics.telemetry(login["username"]), write_telemetry(readings), 1)
        said.wait_for_publish(30)
        assert said.is_published()
    finally:
        device.disconnect()
        device.loop_stop()


def test_a_device_that_is_added_while_everything_runs_is_heard_from_its_first_reading(
    stack: Stack, make_telemetry: MakeTelemetry
) -> None:
    stack.start()
    data_dir = stack.settings.data_dir

    for device_id, options in (("native", ()), ("on-site", ("--behind-gateway",)), ("late", ())):
        login = _add(data_dir, device_id, *options)
        assert set(login) == {"username", "password", "claim_code"}
        _say(stack, login, make_telemetry(device_id=device_id))

    with closing(SqliteReadingLog(data_dir / "ingest.sqlite", read_only=True)) as log:
        wait_for(lambda: log.head() == 3)
        assert log.count() == 0
        assert log.latest("on-site") == make_telemetry(device_id="on-site")
    seal(data_dir, stack.supervisor.worker("ingest"))
    assert rows_in_lake(data_dir) == 3
    names = ("broker", "ingest", "edge")
    assert [stack.supervisor.worker(name).restarts for name in names] == [0, 0, 0]


def test_a_device_with_an_impossible_name_leaves_no_trace(stack: Stack) -> None:
    before = stack.identities.all()

    with pytest.raises(DeviceNameError):
        stack.register(["good", "two words"], behind_gateway=True)

    assert stack.identities.all() == before


def test_what_is_let_in_behind_the_gateway_is_found_there_also_if_it_was_known_before(stack: Stack) -> None:
    known = DeviceRecord(device_id="known", gateway_id=GATEWAY_ID)  # as an earlier version wrote it
    stack.state.transact([Put(device_pk("known"), "device", known.model_dump(mode="json"))])

    stack.register(["known", "new"], behind_gateway=True)
    stack.register(["native"], behind_gateway=False)

    behind = stack.state.query(gateway_pk(GATEWAY_ID), prefix=BEHIND)
    assert [item.sk for item in behind] == ["behind#known", "behind#new"]


def test_a_process_that_adds_a_device_leaves_the_running_brokers_ports_alone(stack: Stack) -> None:
    stack.start()
    configuration = stack.settings.data_dir / "broker" / "broker.conf"
    before = json.loads(configuration.read_text())

    _add(stack.settings.data_dir, "dev-1")
    wait_for(lambda: "dev-1" in configuration.read_text())

    after = json.loads(configuration.read_text())
    assert {**after, "accounts": before["accounts"]} == before
    assert stack.broker.healthy()
