"""`python -m edge` between two accounts of the real broker."""

import http.client
import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from edge.contract import Telemetry, read_telemetry
from infra.local.broker import Broker, Identity
from tests.waiting import wait_for

if TYPE_CHECKING:
    from tests.integration.edge.conftest import Client, EdgeProcess

Connect = Callable[..., "Client"]
MakeEdge = Callable[..., "EdgeProcess"]
MakeTelemetry = Callable[..., Telemetry]


def test_readings_arrive_in_the_cloud_exactly_as_sent(
    connect: Connect, make_edge: MakeEdge, make_telemetry: MakeTelemetry
) -> None:
    cloud = connect("svc", "dt/ac/#", durable=True)
    edge = make_edge()
    sent = [make_telemetry(n) for n in range(100)]
    device = connect("dev-1")

    device.send(sent[0])
    device.send(*sent[1:])
    device.send(*sent[1:])  # the same again, as after a lost PUBACK

    wait_for(lambda: len(cloud.readings()) >= 100)
    time.sleep(0.3)
    assert cloud.readings() == sent
    assert {topic for topic, _ in cloud.got} == {"dt/ac/gw-1/batch"}
    wait_for(lambda: edge.status()["forwarded_readings"] == 100)
    assert edge.status()["repeats_dropped"] == 99
    assert edge.status()["spooled_readings"] == 0


def test_a_device_that_publishes_for_another_is_dead_lettered(
    connect: Connect, make_edge: MakeEdge, make_telemetry: MakeTelemetry
) -> None:
    cloud = connect("svc", "dt/ac/#", durable=True)
    edge = make_edge()
    own, foreign = make_telemetry(), make_telemetry(device_id="dev-2")

    connect("dev-1").send(own, foreign)

    wait_for(lambda: edge.status()["dead_letters"] == 1)
    wait_for(cloud.readings)
    assert cloud.readings() == [own]


def test_presence_stays_on_the_site_by_default(
    connect: Connect, make_edge: MakeEdge, make_telemetry: MakeTelemetry
) -> None:
    cloud = connect("svc", "dt/ac/#", durable=True)
    make_edge(EDGE_SHARE_PRESENCE="false")

    connect("dev-1").send(make_telemetry(motion=True))

    wait_for(cloud.readings)
    assert b"motion" not in cloud.got[0][1]


def test_what_is_asked_flows_down_and_what_is_done_flows_up(
    connect: Connect, make_edge: MakeEdge, make_telemetry: MakeTelemetry
) -> None:
    cloud = connect("svc", "$aws/things/+/shadow/update", "$aws/things/+/shadow/get", "dt/ac/+/event")
    device = connect(
        "dev-1", "$aws/things/dev-1/shadow/update/delta", "$aws/things/dev-1/shadow/get/accepted"
    )
    edge = make_edge(EDGE_CLOCK="telemetry")
    device.send(make_telemetry())
    wait_for(
        lambda: {topic for topic, _ in cloud.got} == {f"$aws/things/dev-{n}/shadow/get" for n in (1, 2, 3)}
    )

    desired = {
        "command_id": "c1",
        "setpoint_c": 31,
        "mode": "cool",
        "requested_by": "advisor",
        "expires_at": "2026-07-01T13:00:00Z",
    }
    cloud.publish(
        "$aws/things/dev-1/shadow/update/delta", json.dumps({"version": 4, "state": desired}).encode()
    )
    wait_for(lambda: device.bodies("update/delta"))
    told = device.bodies("update/delta")[0]
    assert (told["version"], told["state"]) == (4, desired | {"setpoint_c": 30.0})

    report = {"state": {"reported": {"setpoint_c": 22.0, "mode": "cool", "changed_by": "remote"}}}
    device.publish("$aws/things/dev-1/shadow/update", json.dumps(report).encode())
    wait_for(lambda: cloud.bodies("shadow/update"))
    assert cloud.bodies("shadow/update") == [report]

    later = desired | {"command_id": "c2", "setpoint_c": 26}
    cloud.publish(
        "$aws/things/dev-1/shadow/update/delta", json.dumps({"version": 6, "state": later}).encode()
    )
    wait_for(lambda: len(cloud.bodies("event")) == 2)
    assert [(event["kind"], event["detail"]) for event in cloud.bodies("event")] == [
        ("command_result", {"command_id": command_id, "result": "rejected", "reason": reason})
        for command_id, reason in (("c1", "superseded"), ("c2", "person_hold"))
    ]
    device.publish("$aws/things/dev-1/shadow/get", b"")
    wait_for(lambda: device.bodies("get/accepted"))
    assert device.bodies("get/accepted")[0]["state"]["desired"] == {}
    assert len(device.bodies("update/delta")) == 1
    wait_for(lambda: edge.status()["refused_commands"] == 1)


def test_a_gateway_serves_more_devices_than_a_session_has_qos_1_filters(
    make_broker: Callable[..., Broker], connect: Connect, make_edge: MakeEdge
) -> None:
    """NATS accepts 63 QoS 1 filters a session; each device has two."""
    names = tuple(f"dev-{n}" for n in range(50))
    other = make_broker(
        Identity("gw-1", "cloud-password", "cloud", "gateway", devices=names),
        Identity("svc", "svc-password", "cloud", "service"),
    )
    port = other.settings.mqtt_port
    cloud = connect("svc", "$aws/things/+/shadow/get", port=port)

    edge = make_edge(cloud_port=port, EDGE_DEVICES=",".join(names))

    wait_for(lambda: len(cloud.got) >= 50)
    assert edge.status()["cloud_connected"] is True


def _write_devices(path: Path, *names: str) -> None:
    aside = path.with_suffix(".new")
    aside.write_text(json.dumps(names))
    aside.replace(path)


def _connection_ids(broker: Broker) -> set[tuple[str, int]]:
    """Client id and number of each of the gateway's connections, as the broker's monitor has them."""
    monitor = http.client.HTTPConnection("127.0.0.1", broker.settings.monitor_port, timeout=10)
    monitor.request("GET", "/connz")
    connections = json.loads(monitor.getresponse().read())["connections"]
    monitor.close()
    named = {(each.get("mqtt_client", ""), each["cid"]) for each in connections}
    return {(name, cid) for name, cid in named if name.startswith("gw-1")}


def test_devices_come_and_go_while_it_runs(
    broker: Broker, connect: Connect, make_edge: MakeEdge, make_telemetry: MakeTelemetry, tmp_path: Path
) -> None:
    path = tmp_path / "devices.json"
    _write_devices(path, "dev-1")
    asked, delta = "$aws/things/dev-2/shadow/get", "$aws/things/dev-2/shadow/update/delta"
    cloud = connect("svc", "dt/ac/#", "$aws/things/+/shadow/get", durable=True)
    edge = make_edge(EDGE_DEVICES=str(path))
    device = connect("dev-2", delta)
    order = json.dumps({"version": 1, "state": {"command_id": "c1", "setpoint_c": 26}}).encode()
    device.send(make_telemetry(0, device_id="dev-2"))
    wait_for(lambda: edge.status()["dead_letters"] == 1)
    before = _connection_ids(broker)
    assert len(before) == 3  # the site (twice) and the cloud

    _write_devices(path, "dev-1", "dev-2")
    device.send(make_telemetry(1, device_id="dev-2"))  # at once: whoever is in the file may speak
    wait_for(lambda: asked in [topic for topic, _ in cloud.got])
    cloud.publish(delta, order)

    wait_for(cloud.readings)
    assert cloud.readings() == [make_telemetry(1, device_id="dev-2")]
    wait_for(lambda: device.bodies("update/delta"))
    assert _connection_ids(broker) == before  # nothing was interrupted

    _write_devices(path, "dev-1")
    device.send(make_telemetry(2, device_id="dev-2"))
    wait_for(lambda: edge.status()["dead_letters"] == 2)
    cloud.publish(delta, order)
    connect("dev-1").send(make_telemetry(3))
    wait_for(lambda: edge.status()["forwarded_readings"] == 2)
    assert len(device.bodies("update/delta")) == 1
    assert edge.status()["dead_letters"] == 2  # the cloud's delta did not even arrive


def test_a_new_device_that_the_cloud_lets_in_later_is_heard_then(
    make_broker: Callable[..., Broker],
    connect: Connect,
    make_edge: MakeEdge,
    make_telemetry: MakeTelemetry,
    tmp_path: Path,
) -> None:
    path = tmp_path / "devices.json"
    _write_devices(path, "dev-1")
    service = Identity("svc", "svc-password", "cloud", "service")
    gateways = [
        Identity("gw-1", "cloud-password", "cloud", "gateway", devices=names)
        for names in (("dev-1",), ("dev-1", "dev-2"))
    ]
    other = make_broker(gateways[0], service)
    port = other.settings.mqtt_port
    cloud = connect("svc", "dt/ac/#", "$aws/things/+/shadow/get", port=port)
    edge = make_edge(cloud_port=port, EDGE_DEVICES=str(path))
    device = connect("dev-2")

    _write_devices(path, "dev-1", "dev-2")
    device.send(make_telemetry(1, device_id="dev-2"))
    wait_for(lambda: not edge.status()["cloud_connected"])  # its subscription was refused
    other.reload([gateways[1], service])

    wait_for(lambda: "$aws/things/dev-2/shadow/get" in [topic for topic, _ in cloud.got])
    wait_for(cloud.readings)
    assert edge.status()["dead_letters"] == 0


def test_kill_9_loses_nothing_that_was_acknowledged(
    connect: Connect, make_edge: MakeEdge, make_telemetry: MakeTelemetry
) -> None:
    """20,000 readings of two devices, ten in a message; the gateway is killed three times on the way.

    What was under way to it comes again only after the broker's patience is over (NATS `ack_wait`).
    """
    cloud = connect("svc", "dt/ac/#", durable=True)
    edge = make_edge()
    devices = {name: connect(name) for name in ("dev-1", "dev-2")}
    sent = {name: [make_telemetry(n, device_id=name) for n in range(10_000)] for name in devices}
    infos = []

    for start in range(0, 10_000, 10):
        for name, device in devices.items():
            payload = (
                b"["
                + b",".join(
                    reading.model_dump_json(exclude_defaults=True).encode()
                    for reading in sent[name][start : start + 10]
                )
                + b"]"
            )
            infos.append(device.paho.publish(f"dt/ac/{name}/telemetry", payload, 1))
        if start in {2000, 4000, 6000}:
            infos[-200].wait_for_publish(20)
            edge.end(signal.SIGKILL)
            edge.start()
    for info in infos:
        info.wait_for_publish(20)

    wanted = {(name, reading.sampled_at) for name in devices for reading in sent[name]}
    assert all(info.is_published() for info in infos)
    wait_for(lambda: len({(each.device_id, each.sampled_at) for each in cloud.readings()}) >= 20_000, 120)
    got = cloud.readings()
    assert {(each.device_id, each.sampled_at) for each in got} == wanted
    assert set(got) == {reading for name in devices for reading in sent[name]}


def test_readings_wait_while_the_cloud_is_away(
    connect: Connect,
    make_edge: MakeEdge,
    make_broker: Callable[..., Broker],
    make_telemetry: MakeTelemetry,
) -> None:
    """The cloud is a broker of its own here, so that it can go away alone; first it is not there at all."""
    other = make_broker(
        Identity("gw-1", "cloud-password", "cloud", "gateway", devices=("dev-1", "dev-2", "dev-3")),
        Identity("svc", "svc-password", "cloud", "service"),
    )
    port = other.settings.mqtt_port
    cloud = connect("svc", "dt/ac/#", port=port, durable=True)
    other.kill()
    edge = make_edge(cloud_port=port)
    device = connect("dev-1")
    sent = [make_telemetry(n) for n in range(60)]

    device.send(*sent[:20])
    wait_for(lambda: edge.status()["spooled_readings"] == 20)
    assert edge.status()["cloud_connected"] is False
    other.start()
    wait_for(lambda: len(set(cloud.readings())) >= 20)
    wait_for(lambda: edge.status()["spooled_readings"] == 0)
    other.kill()
    device.send(*sent[20:40])
    wait_for(lambda: edge.status()["spooled_readings"] == 20)
    edge.end(signal.SIGKILL)
    edge.start()
    device.send(*sent[40:])
    other.start()
    wait_for(lambda: len(set(cloud.readings())) >= 60)

    assert list(dict.fromkeys(cloud.readings())) == sent  # in order per device


def test_a_full_spool_leaves_messages_with_the_broker(
    connect: Connect,
    make_edge: MakeEdge,
    make_broker: Callable[..., Broker],
    make_telemetry: MakeTelemetry,
) -> None:
    """4 MB of room, 6.5 MB of readings."""
    other = make_broker(
        Identity("gw-1", "cloud-password", "cloud", "gateway", devices=("dev-1", "dev-2", "dev-3")),
        Identity("svc", "svc-password", "cloud", "service"),
    )
    port = other.settings.mqtt_port
    cloud = connect("svc", "dt/ac/#", port=port, durable=True)
    other.kill()
    edge = make_edge(cloud_port=port, EDGE_SPOOL_MAX_MB="4")
    device = connect("dev-1")
    sent = [make_telemetry(n, advice_id="a" * 64_000) for n in range(100)]

    for reading in sent:
        device.send(reading)
    wait_for(lambda: edge.status()["spool_full"])
    assert edge.status()["spool_size_bytes"] <= 4 * 1024 * 1024
    other.start()

    wait_for(lambda: len({each.seq for each in cloud.readings()}) >= 100)
    assert list(dict.fromkeys(cloud.readings())) == sent


def test_a_reading_passes_in_milliseconds_when_nothing_else_is_under_way(
    connect: Connect, make_edge: MakeEdge, make_telemetry: MakeTelemetry
) -> None:
    """Far above what it takes (median below 10 ms alone on a machine), far below any fixed sleep or poll."""
    cloud = connect("svc", "dt/ac/#", durable=True)
    make_edge()
    device = connect("dev-1")
    took_s: list[float] = []

    for number in range(50):
        started = time.perf_counter()
        device.send(make_telemetry(number))
        wait_for(lambda: len(cloud.got) > len(took_s))
        took_s.append(time.perf_counter() - started)

    median_ms = sorted(took_s)[25] * 1000
    print(f"device to cloud: median {median_ms:.1f} ms, slowest {max(took_s) * 1000:.1f} ms")
    assert median_ms < 1000  # a sleep of the loop would show; a busy machine must not


def test_batches_are_read_by_the_contract(
    connect: Connect, make_edge: MakeEdge, make_telemetry: MakeTelemetry
) -> None:
    cloud = connect("svc", "dt/ac/#", durable=True)
    make_edge()

    for name in ("dev-1", "dev-2", "dev-3"):
        connect(name).send(*[make_telemetry(n, device_id=name) for n in range(400)])

    wait_for(lambda: len(cloud.readings()) >= 1200)
    assert all(len(read_telemetry(payload)[0]) <= 500 for _, payload in cloud.got)
    assert all(len(payload) <= 128 * 1024 for _, payload in cloud.got)
