"""A home is deleted by HTTP: afterwards no file of the running stack holds a trace of its devices."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import paho.mqtt.client as mqtt
import psutil
import pyarrow.parquet as pq
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.config import CloudSettings
from cloud.ports.deletion import DOERS, SCRUB_PK, deletion_pk
from cloud.ports.records import device_pk
from cloud.wiring.lake import open_lake
from edge.contract import Telemetry, topics, write_telemetry
from infra.local.api_client import ApiClient
from infra.local.broker import free_ports
from infra.local.lake_count import seal
from infra.local.onboarding import register
from infra.local.stack import Stack
from infra.local.stack_settings import StackSettings
from tests.waiting import wait_for

GONE = ("goes-away-native", "goes-away-on-site")
STAYS = "stays-here"
READINGS = 150
"""More than ingest keeps as rows at once, so that some lie in columns."""

HOME = {"name": "Flat", "latitude_deg": 45.0, "longitude_deg": 9.0, "timezone": "Europe/Rome"}
START = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5 * READINGS)
MakeTelemetry = Callable[..., Telemetry]


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    web_port, mqtt_port = free_ports(2)
    stack = Stack(StackSettings(tmp_path, web_port, mqtt_port), dict(os.environ))  # noqa: TID251 (for children)
    yield stack
    stack.stop()
    stack.state.close()


def _log(stack: Stack) -> closing[SqliteReadingLog]:
    return closing(SqliteReadingLog(stack.settings.data_dir / "ingest.sqlite", read_only=True))


def _move_in(stack: Stack, email: str, *codes: str) -> ApiClient:
    api = ApiClient(stack.settings.web_port)
    register(api, email)
    home_id = api.call("POST", "/v1/homes", HOME)["home_id"]
    for code in codes:
        api.call("POST", "/v1/devices/claim", {"code": code, "home_id": home_id, "name": "Bedroom"})
    return api


def _speak(stack: Stack, device_id: str, readings: list[Telemetry]) -> None:
    """As a device does: readings, a fault, an event, a confirmation."""
    device = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=device_id)
    device.username_pw_set(device_id, stack.identities.require(device_id).password)
    device.connect("127.0.0.1", stack.settings.mqtt_port)
    device.loop_start()
    event = {
        "device_id": device_id,
        "event_id": "e1",
        "occurred_at": "2026-07-01T10:00:00Z",
        "kind": "boot",
        "detail": {},
    }
    reported = {"state": {"reported": {"setpoint_c": 24.0, "mode": "cool"}}}
    said = [
        (topics.telemetry(device_id), write_telemetry(readings)),
        (topics.telemetry(device_id), json.dumps({"device_id": device_id, "mode": "?"}).encode()),
        (topics.event(device_id), json.dumps(event).encode()),
        (topics.shadow(device_id, "update"), json.dumps(reported).encode()),
    ]
    try:
        wait_for(device.is_connected)
        for topic, payload in said:
            device.publish(topic, payload, 1).wait_for_publish(30)
    finally:
        device.disconnect()
        device.loop_stop()


def _holds(path: Path, word: str) -> bool:
    if path.suffix == ".parquet":
        table = pq.read_table(path, partitioning=None)
        return "device_id" in table.column_names and word in table["device_id"].to_pylist()
    return word.encode() in path.read_bytes()


def _traces(data_dir: Path, word: str) -> set[str]:
    """The files that name `word`, but for the broker's store and the logs of processes."""
    left_alone = {data_dir / "broker", data_dir / "log"}
    return {
        str(path.relative_to(data_dir))
        for path in data_dir.rglob("*")
        if path.is_file() and left_alone.isdisjoint(path.parents) and _holds(path, word)
    }


def _is_carried_out(stack: Stack) -> bool:
    pks = (*(deletion_pk(doer) for doer in DOERS), SCRUB_PK)
    return not any(stack.state.query(pk) for pk in pks)


def _is_advised(stack: Stack, device_id: str) -> bool:
    return stack.state.get(device_pk(device_id), "advisor_state") is not None


def _live(stack: Stack, make_telemetry: MakeTelemetry) -> tuple[ApiClient, ApiClient]:
    """Two accounts with a home each: devices that have spoken and are advised, words and commands."""
    codes = stack.register([GONE[0], STAYS], behind_gateway=False)
    codes |= stack.register([GONE[1]], behind_gateway=True)
    stack.start()
    going = _move_in(stack, "ann@example.org", *(codes[name] for name in GONE))
    staying = _move_in(stack, "bob@example.org", codes[STAYS])
    for device_id in (*GONE, STAYS):
        times = [START + timedelta(minutes=5 * number) for number in range(READINGS)]
        _speak(stack, device_id, [make_telemetry(device_id=device_id, sampled_at=at) for at in times])
    with _log(stack) as log:
        wait_for(lambda: log.head() == 3 * READINGS)
    wait_for(lambda: all(_is_advised(stack, device_id) for device_id in (*GONE, STAYS)))
    going.call("POST", f"/v1/devices/{GONE[0]}/feedback", {"kind": "a_bit_warm"})
    going.call("POST", f"/v1/devices/{GONE[0]}/commands", {"setpoint_c": 25.0})
    seal(stack.settings.data_dir, stack.supervisor.worker("ingest"))
    return going, staying


def _is_untouched(stack: Stack, staying: ApiClient) -> bool:
    """Whether the home that stays has all that it had."""
    lake = open_lake(CloudSettings(data_dir=stack.settings.data_dir))
    with _log(stack) as log:
        return (
            lake.scan()["device_id"].to_pylist() == [STAYS] * READINGS
            and len(log.between(STAYS, START, datetime.now(UTC))) == READINGS
            and [letter.principal for letter in log.letters()] == [STAYS]
            and staying.call("GET", f"/v1/devices/{STAYS}")["latest"] is not None
            and _is_advised(stack, STAYS)
        )


def test_a_deleted_home_is_in_no_file_any_more_and_another_is_untouched(
    stack: Stack, make_telemetry: MakeTelemetry
) -> None:
    data_dir = stack.settings.data_dir
    going, staying = _live(stack, make_telemetry)
    for name in GONE:
        before = {trace.removesuffix("-wal") for trace in _traces(data_dir, name)}
        assert {"ingest.sqlite", "state.sqlite", "shadow.sqlite", "identities.json"} <= before
        assert any(trace.startswith("lake/") for trace in before)

    (home,) = going.call("GET", "/v1/homes")["items"]
    going.call("DELETE", f"/v1/homes/{home['home_id']}")
    ingest = stack.supervisor.worker("ingest").pid
    assert ingest is not None
    psutil.Process(ingest).kill()

    wait_for(lambda: _is_carried_out(stack))
    assert [_traces(data_dir, name) for name in GONE] == [set(), set()]
    assert _is_untouched(stack, staying)
    again = stack.register([GONE[0]], behind_gateway=False)
    _move_in(stack, "cleo@example.org", again[GONE[0]])
    _speak(stack, GONE[0], [make_telemetry(device_id=GONE[0])])
    with _log(stack) as log:
        wait_for(lambda: log.latest(GONE[0]) is not None)
