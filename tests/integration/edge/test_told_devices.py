"""A gateway far from the cloud is told who lives behind it, by the cloud's own process on a real broker."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cloud import admission
from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.ports.deletion import deletion_writes
from cloud.ports.records import DeviceRecord, HomeRecord, device_pk, home_pk
from cloud.ports.state import Delete, Put
from cloud.wiring.lake import utc_now
from edge.adapters.told_devices import FILE, ToldDevices
from edge.contract import Telemetry, topics
from edge.registry import load_registry
from infra.local.broker import Broker

if TYPE_CHECKING:
    from tests.integration.edge.conftest import Client, EdgeProcess

HOME = HomeRecord(
    home_id="h1",
    owner_id="ann",
    name="Flat",
    latitude_deg=45.0,
    longitude_deg=9.0,
    timezone="Europe/Rome",
    share_presence=False,
)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[SqliteStateStore]:
    with closing(SqliteStateStore(tmp_path / "cloud" / "state.sqlite")) as made:
        made.transact([Put(home_pk("h1"), "home", HOME.model_dump(mode="json"))])
        yield made


@pytest.fixture
def cloud(broker: Broker, tmp_path: Path, state: SqliteStateStore) -> Iterator["subprocess.Popen[bytes]"]:
    """`python -m cloud shadow`, which hears the claim topic on one machine."""
    environment = {
        "CLOUD_DATA_DIR": str(tmp_path / "cloud"),
        "CLOUD_MQTT_PORT": str(broker.settings.mqtt_port),
        "CLOUD_MQTT_USERNAME": "svc",
        "CLOUD_MQTT_PASSWORD": "svc-password",
    }
    with subprocess.Popen([sys.executable, "-m", "cloud", "shadow"], env=environment) as process:
        yield process
        process.send_signal(signal.SIGKILL)


def live_behind(state: SqliteStateStore, *devices: DeviceRecord) -> None:
    for each in devices:
        admission.admit(state, each)


def named(edge: "EdgeProcess") -> list[Any]:
    found: list[Any] = json.loads((edge.data_dir / FILE).read_text())
    return found


@pytest.mark.usefixtures("cloud")
def test_it_takes_in_whom_the_cloud_names_and_no_longer_whom_it_does_not(
    state: SqliteStateStore,
    connect: Callable[..., "Client"],
    make_edge: Callable[..., "EdgeProcess"],
    make_telemetry: Callable[..., Telemetry],
    wait: Callable[..., None],
) -> None:
    live_behind(state, DeviceRecord(device_id="dev-1", gateway_id="gw-1", home_id="h1"))
    hears = connect("svc", topics.BATCH)
    edge = make_edge(EDGE_DEVICES="cloud")
    wait(lambda: named(edge))

    assert [(each["device_id"], each["share_presence"], each["timezone"]) for each in named(edge)] == [
        ("dev-1", False, "Europe/Rome")
    ]
    for device_id in ("dev-1", "dev-2"):
        connect(device_id).send(make_telemetry(device_id=device_id, motion=True))
    wait(lambda: edge.status()["dead_letters"] == 1 and hears.readings())
    assert [(each.device_id, each.motion) for each in hears.readings()] == [("dev-1", None)]

    live_behind(state, DeviceRecord(device_id="dev-2", gateway_id="gw-1"))
    state.transact([Delete(device_pk("dev-1"), "device"), *deletion_writes("dev-1", utc_now())])
    edge.end()
    edge.start()  # who connects asks anew
    wait(lambda: [each["device_id"] for each in named(edge)] == ["dev-2"])
    connect("dev-2").send(make_telemetry(1, device_id="dev-2"))
    wait(lambda: [each.device_id for each in hears.readings()] == ["dev-1", "dev-2"])


def test_without_the_cloud_it_knows_whom_it_was_told(
    connect: Callable[..., "Client"],
    make_edge: Callable[..., "EdgeProcess"],
    wait: Callable[..., None],
) -> None:
    edge = make_edge(EDGE_DEVICES="cloud")
    says = connect("svc", topics.CLAIM)
    says.publish(topics.claim_devices("gw-1"), b'{"devices":[{"device_id":"dev-3","timezone":"Asia/Tokyo"}]}')
    wait(lambda: named(edge))

    edge.end()
    edge.start()

    assert named(edge) == [{"device_id": "dev-3", "timezone": "Asia/Tokyo"}]


@pytest.mark.parametrize("junk", [
    b"{",
    b"[]",
    b'{"devices":[{"device_id":"a b"}]}',
    b'{"devices":[{"device_id":"dev-1","timezone":"Mars"}]}',
    b'{"devices":[{"device_id":"dev-1","sources":["nobody:x"]}]}',
])  # fmt: skip
def test_junk_changes_nothing_with_which_it_could_not_start_again(tmp_path: Path, junk: bytes) -> None:
    told = ToldDevices(tmp_path)
    assert told.take(b'{"devices":[{"device_id":"dev-3"}]}')

    assert not told.take(junk)

    assert list(load_registry(str(told.path), {})) == ["dev-3"]
