"""The cloud's own broker is gone, and the gateway's process goes on as it was advised."""

import json
import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from edge.contract import Telemetry
from infra.local.broker import Broker, Identity

if TYPE_CHECKING:
    from tests.integration.edge.conftest import Client, EdgeProcess

DELTA = "$aws/things/dev-1/shadow/update/delta"


def test_a_day_after_the_cut_it_advises_from_its_table_also_after_a_restart(
    connect: Callable[..., "Client"],
    make_edge: Callable[..., "EdgeProcess"],
    make_broker: Callable[..., Broker],
    make_telemetry: Callable[..., Telemetry],
    wait: Callable[..., None],
    tmp_path: Path,
) -> None:
    cloud_broker = make_broker(
        Identity("gw-1", "cloud-password", "cloud", "gateway", devices=("dev-1",)),
        Identity("svc", "svc-password", "cloud", "service"),
    )
    devices = tmp_path / "devices.json"
    devices.write_text(json.dumps([{"device_id": "dev-1", "offline_advice": True}]))
    port = cloud_broker.settings.mqtt_port
    cloud = connect("svc", "dt/ac/#", "$aws/things/+/shadow/update", port=port, durable=True)
    edge = make_edge(cloud_port=port, EDGE_DEVICES=str(devices), EDGE_CLOCK="telemetry")
    device = connect("dev-1", DELTA)
    first = make_telemetry(0)
    device.send(first)
    wait(lambda: cloud.readings() == [first])
    end = first.sampled_at + timedelta(hours=1)
    state = {"setpoint_c": 27, "mode": "cool", "command_id": "c1", "requested_by": "advisor"}
    cloud.publish(
        DELTA, json.dumps({"version": 1, "state": state | {"expires_at": end.isoformat()}}).encode()
    )
    wait(lambda: len(device.bodies("update/delta")) == 1)
    device.send(make_telemetry(1))
    wait(lambda: len(cloud.readings()) == 2)

    cloud_broker.kill()
    wait(lambda: edge.status()["cloud_connected"] is False)
    edge.end(signal.SIGTERM)
    edge.start()
    tomorrow = [make_telemetry(23 * 12 + 6 + n) for n in range(12)]
    for reading in tomorrow:
        device.send(reading)

    wait(lambda: len(device.bodies("update/delta")) == 2)
    told = device.bodies("update/delta")[-1]["state"]
    assert (told["setpoint_c"], told["requested_by"]) == (27, "advisor")
    wait(lambda: edge.status()["offline_advice_age_s"].get("dev-1", 0) > 23 * 3600)
    cloud_broker.start()
    wait(lambda: set(cloud.readings()) >= {*tomorrow})
    wait(lambda: edge.status()["offline_advice_age_s"] == {})
