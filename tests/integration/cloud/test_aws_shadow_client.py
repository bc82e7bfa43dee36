"""AWS's own shadow client (awsiotsdk), unmodified, against our shadow service: it must see no difference."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from infra.local.broker import Identity

mqtt = pytest.importorskip("awscrt.mqtt", reason="AWS's device SDK is not installed")
iotshadow = pytest.importorskip("awsiot.iotshadow")

DEVICE = Identity("dev-1", "dev-1-password", "cloud", "device")
SERVICE = Identity("cloud", "cloud-password", "cloud", "service")
TIMEOUT_S = 20.0
QOS = mqtt.QoS.AT_LEAST_ONCE


class Thing:
    """A device with AWS's client, and everything that it was told."""

    def __init__(self, port: int) -> None:
        connection = mqtt.Connection(
            mqtt.Client(),
            "127.0.0.1",
            port,
            "dev-1",
            username=DEVICE.name,
            password=DEVICE.password,
            disable_metrics=True,  # else it adds its version to the user name
        )
        connection.connect().result(TIMEOUT_S)
        self._connection = connection
        self.client = iotshadow.IotShadowClient(connection)
        self.heard: dict[str, Queue[Any]] = {}
        for name, request in SUBSCRIPTIONS.items():
            inbox = self.heard[name] = Queue()
            subscribe = getattr(self.client, f"subscribe_to_{name}")
            done, _ = subscribe(getattr(iotshadow, request)(thing_name="dev-1"), QOS, inbox.put)
            done.result(TIMEOUT_S)

    def update(self, token: str, *, version: int | None = None, **state: object) -> None:
        request = iotshadow.UpdateShadowRequest(
            thing_name="dev-1", client_token=token, version=version, state=iotshadow.ShadowState(**state)
        )
        self.client.publish_update_shadow(request, QOS).result(TIMEOUT_S)

    def get(self, token: str) -> None:
        request = iotshadow.GetShadowRequest(thing_name="dev-1", client_token=token)
        self.client.publish_get_shadow(request, QOS).result(TIMEOUT_S)

    def delete(self, token: str) -> None:
        request = iotshadow.DeleteShadowRequest(thing_name="dev-1", client_token=token)
        self.client.publish_delete_shadow(request, QOS).result(TIMEOUT_S)

    def next(self, name: str) -> Any:  # noqa: ANN401 (of a library without types)
        return self.heard[name].get(timeout=TIMEOUT_S)

    def close(self) -> None:
        self._connection.disconnect().result(TIMEOUT_S)


SUBSCRIPTIONS = {
    "get_shadow_accepted": "GetShadowSubscriptionRequest",
    "get_shadow_rejected": "GetShadowSubscriptionRequest",
    "update_shadow_accepted": "UpdateShadowSubscriptionRequest",
    "update_shadow_rejected": "UpdateShadowSubscriptionRequest",
    "delete_shadow_accepted": "DeleteShadowSubscriptionRequest",
    "delete_shadow_rejected": "DeleteShadowSubscriptionRequest",
    "shadow_delta_updated_events": "ShadowDeltaUpdatedSubscriptionRequest",
    "shadow_updated_events": "ShadowUpdatedSubscriptionRequest",
}


@pytest.fixture
def thing(make_broker: Callable[..., Any], tmp_path: Path) -> Iterator[Thing]:
    port = make_broker(DEVICE, SERVICE).settings.mqtt_port
    environment = {
        "CLOUD_DATA_DIR": str(tmp_path / "data"),
        "CLOUD_MQTT_PORT": str(port),
        "CLOUD_MQTT_PASSWORD": SERVICE.password,
    }
    process = subprocess.Popen([sys.executable, "-m", "cloud", "shadow"], env=environment)
    deadline = time.monotonic() + TIMEOUT_S
    while not (tmp_path / "data" / "run" / "shadow.ready").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    try:
        made = Thing(port)
        yield made
        made.close()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(TIMEOUT_S)


def test_a_life_of_a_shadow_as_awss_client_sees_it(thing: Thing) -> None:
    """Merging, arrays whole, null removes, delta, metadata, 409, 413; a version that outlives deletion."""
    thing.get("none")
    rejected = thing.next("get_shadow_rejected")
    assert (rejected.code, rejected.client_token) == (404, "none")

    thing.update("t1", desired={"setpoint_c": 24, "a": {"b": [1, 2]}}, reported={"setpoint_c": 26})
    accepted = thing.next("update_shadow_accepted")
    delta = thing.next("shadow_delta_updated_events")
    document = thing.next("shadow_updated_events")
    assert (accepted.version, accepted.client_token) == (1, "t1")
    assert delta.state == {"setpoint_c": 24, "a": {"b": [1, 2]}}
    assert (document.previous, document.current.version) == (None, 1)
    assert document.current.metadata.desired["a"]["b"][0]["timestamp"] > 0

    thing.update("t2", desired={"a": {"b": [3], "c": 1}}, reported={"setpoint_c": 24})
    assert thing.next("update_shadow_accepted").version == 2
    assert thing.next("shadow_delta_updated_events").state == {"a": {"b": [3], "c": 1}}
    assert thing.next("shadow_updated_events").previous.version == 1

    thing.update("t3", version=1, reported={"setpoint_c": 20})
    assert thing.next("update_shadow_rejected").code == 409

    thing.update("t4", desired={"a": None})
    assert thing.next("update_shadow_accepted").version == 3
    thing.get("t5")
    whole = thing.next("get_shadow_accepted")
    assert (whole.state.desired, whole.state.delta, whole.version) == ({"setpoint_c": 24}, None, 3)

    thing.delete("t6")
    assert thing.next("delete_shadow_accepted").version == 3
    thing.update("t7", reported={"setpoint_c": 25})
    assert thing.next("update_shadow_accepted").version == 4

    thing.update("t8", reported={"big": "x" * 9000})
    assert thing.next("update_shadow_rejected").code == 413
