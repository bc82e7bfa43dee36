"""Devices of other makes on a real broker: readings up, commands down, and nobody speaks for another."""

import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from device_sim.wire.dialects.choice import DialectName, speak
from device_sim.wire.readings import Row
from edge.contract import Reported
from infra.local.broker import Broker, Identity
from infra.local.foreign_topics import subjects

if TYPE_CHECKING:
    from tests.integration.edge.conftest import Client, EdgeProcess

MAKES: dict[str, tuple[DialectName, str]] = {
    "ac-t": ("tasmota", "tasmota:ac-t"),
    "ac-e": ("esphome", "home_assistant:ac-e"),
    "ac-f": ("faikout", "faikout:ac-f"),
    "ac-m": ("mitsubishi2mqtt", "mitsubishi2mqtt:ac-m"),
    "ac-s": ("shelly", "shelly:ac-s"),
    "ac-n": ("native", ""),
}
DEVICES = tuple(MAKES)
OWN = tuple(
    Identity(name, f"{name}-password", "site", "device", sources=(source,) if source else ())
    for name, (_, source) in MAKES.items()
)
BRIDGE = Identity("zigbee2mqtt", "zigbee2mqtt-password", "site", "bridge")
EVERYBODY = (
    *OWN,
    BRIDGE,
    Identity("gw-1@site", "site-password", "site", "service"),
    Identity("gw-1", "cloud-password", "cloud", "gateway", devices=DEVICES),
    Identity("svc", "svc-password", "cloud", "service"),
)


@pytest.fixture
def site_broker(make_broker: Callable[..., Broker]) -> Broker:
    return make_broker(*EVERYBODY)


@pytest.fixture
def join(site_broker: Broker, edge_client: "type[Client]") -> Iterator[Callable[..., "Client"]]:
    clients: list[Client] = []

    def make(name: str, *filters: str) -> "Client":
        password = next(each.password for each in EVERYBODY if each.name == name)
        port = site_broker.settings.mqtt_port
        clients.append(edge_client(port, name, filters, password=password))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


def _row(device_id: str, seq: int) -> Row:
    return Row(
        device_id=device_id,
        sampled_at=f"2026-07-01T12:00:{seq:02d}Z",
        interval_s=1.0,
        seq=seq,
        mode="cool",
        fan="auto",
        indoor_dry_bulb_c=26.1,
        indoor_rh_pct=48.0,
        outdoor_dry_bulb_c=37.2,
        electric_power_w=1200.0,
        energy_total_kwh=812.4,
        compressor_ratio=0.5,
        motion=False,
        changed_by="remote",
        setpoint_c=24.0,
    )


def _devices_file(path: Path) -> str:
    # the meter knows no mode: the blaster hears the remote for both
    sources = {name: [source] if source else [] for name, (_, source) in MAKES.items()}
    sources["ac-s"].append("tasmota:ac-t")
    path.write_text(json.dumps([{"device_id": name, "sources": said} for name, said in sources.items()]))
    return str(path)


def test_six_makes_are_read_and_told(
    site_broker: Broker,
    join: Callable[..., "Client"],
    make_edge_on: Callable[..., "EdgeProcess"],
    tmp_path: Path,
    wait: Callable[..., None],
) -> None:
    cloud = join("svc", "dt/ac/#", "$aws/things/+/shadow/update")
    edge = make_edge_on(
        site_broker, EDGE_DEVICES=_devices_file(tmp_path / "devices.json"), EDGE_SAMPLE_INTERVAL_S="1"
    )
    voices = {name: speak(make, [name], "UTC")[name] for name, (make, _) in MAKES.items()}
    lines = {name: join(name, *voice.subscriptions) for name, voice in voices.items()}

    def say(name: str, messages: Any) -> None:  # noqa: ANN401 (a sequence of the simulator's messages)
        for message in messages:
            lines[name].paho.publish(message.topic, message.payload, 1, message.retain).wait_for_publish(5)

    remote = Reported(mode="cool", setpoint_c=24.0, fan="auto", changed_by="remote")
    for name, voice in voices.items():
        say(name, voice.greet())
    wait(lambda: _is_discovered(edge.data_dir / "neighbours.json"))

    seq = 0
    deadline = time.monotonic() + 20
    while {reading.device_id for reading in cloud.readings()} != set(DEVICES):
        assert time.monotonic() < deadline, {reading.device_id for reading in cloud.readings()}
        seq += 1
        for name, voice in voices.items():
            say(name, (*voice.confirm(remote), *voice.say([_row(name, seq % 60)])))
        time.sleep(0.3)

    assert {(reading.mode, reading.setpoint_c) for reading in cloud.readings()} == {("cool", 24.0)}
    assert edge.status()["dead_letters"] == 0

    for name in set(DEVICES) - {"ac-s", "ac-n"}:
        desired = {
            "mode": "cool",
            "setpoint_c": 26,
            "fan": "auto",
            "command_id": "c-1",
            "requested_by": "app",
        }
        body = json.dumps({"version": 1, "state": desired}).encode()
        cloud.publish(f"$aws/things/{name}/shadow/update/delta", body)
        wait(partial(_has_got, lines[name]))
        asked = voices[name].hear(*lines[name].got[0])
        assert asked.desired is not None
        assert asked.desired.setpoint_c == 26
        say(name, asked.answers)
        say(name, voices[name].confirm(Reported(mode="cool", setpoint_c=26.0, fan="auto", changed_by="app")))
        wait(partial(_is_confirmed, cloud, name))


def _is_discovered(listed: Path) -> bool:
    return listed.exists() and "discovery (" not in listed.read_text()


def _has_got(client: "Client") -> bool:
    return bool(client.got)


def _is_confirmed(cloud: "Client", name: str) -> bool:
    reports = [json.loads(body) for topic, body in cloud.got if f"/{name}/shadow/update" in topic]
    return any(each["state"]["reported"].get("command_id") == "c-1" for each in reports)


def test_no_make_says_or_describes_what_is_anothers(
    site_broker: Broker, join: Callable[..., "Client"]
) -> None:
    gateway = join("gw-1@site", "#")
    for name in ("ac-e", "ac-t", "zigbee2mqtt"):
        client = join(name)
        for topic in (
            "ac-x/climate/ac/mode/state",
            "tele/ac-x/SENSOR",
            "dt/ac/ac-n/telemetry",
            "$aws/things/ac-n/shadow/update",
            "homeassistant/device/ac-x/config",
            "homeassistant/climate/ac-e/y/config",
        ):
            if (name, topic) == ("ac-e", "homeassistant/climate/ac-e/y/config") or (
                name == "zigbee2mqtt" and topic == "homeassistant/device/ac-x/config"
            ):
                continue  # its own, and what a bridge is for
            client.paho.publish(topic, b"forged", 1)
    join("ac-e").publish("ac-e/status", b"true")

    deadline = time.monotonic() + 10
    while not any(topic == "ac-e/status" for topic, _ in gateway.got):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert [topic for topic, payload in gateway.got if payload == b"forged"] == []


@pytest.mark.parametrize(
    ("topic_filter", "expected"),
    [
        ("tele/x/#", ["tele.x", "tele.x.>"]),
        ("homeassistant/+/x/config", ["homeassistant.*.x.config"]),
        ("a.b/c", ["a//b.c"]),
    ],
)
def test_topic_filters_as_the_brokers_subjects(topic_filter: str, expected: list[str]) -> None:
    assert list(subjects(topic_filter)) == expected
