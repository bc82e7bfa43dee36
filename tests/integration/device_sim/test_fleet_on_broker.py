"""The fleet's network side against a real broker: nothing lost, commands obeyed."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from device_sim.errors import BrokerUnavailableError
from device_sim.fleet import FaultRates, Fleet, FleetSpec
from device_sim.player import Pace, Player
from device_sim.wire.packing import Packer
from device_sim.wire.publisher import Credentials, FleetPublisher, own_lines
from edge.contract import Desired, read_telemetry, topics
from infra.local.broker import Broker, Identity

SERVICE = Identity("svc", "secret", "cloud", "service")
START = datetime(2025, 7, 1, 7, tzinfo=UTC)
MakeBroker = Callable[..., Broker]


def fleet(homes: int = 4, **changes: float) -> Fleet:
    faults = FaultRates(**{"power_on_ratio": 0.0, "null_ratio": 0.0, "repeat_ratio": 0.0} | changes)
    return Fleet(FleetSpec(homes=homes, seed=9, start=START, faults=faults), 3)


def identities(of: Fleet) -> tuple[Identity, ...]:
    return tuple(Identity(site.device_id, f"pw-{site.device_id}", "cloud", "device") for site in of.sites)


def credentials(of: Fleet) -> dict[str, Credentials]:
    return {site.device_id: Credentials(site.device_id, f"pw-{site.device_id}") for site in of.sites}


class Service:
    """The cloud's side: a durable session that remembers what it got; survives restarts of the broker."""

    def __init__(self, broker: Broker) -> None:
        self.payloads: list[tuple[str, bytes]] = []
        self.answers: dict[str, bytes] = {}
        self._subscribed = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="svc", clean_session=False)
        self._client.username_pw_set(SERVICE.name, SERVICE.password)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", broker.settings.mqtt_port)
        self._client.loop_start()
        assert self._subscribed.wait(10)

    def _on_connect(self, client: mqtt.Client, *_: object) -> None:
        client.subscribe(
            [(topic, 1) for topic in (topics.TELEMETRY, topics.SHADOW_UPDATE, topics.SHADOW_GET)]
        )

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        self.payloads.append((message.topic, bytes(message.payload)))
        answer = self.answers.get(message.topic)
        if answer is not None:
            self._client.publish(f"{message.topic}/accepted", answer, 1)

    def keys(self) -> set[tuple[str, datetime]]:
        """The distinct readings so far."""
        got = [payload for topic, payload in self.payloads if topic.endswith("/telemetry")]
        return {(r.device_id, r.sampled_at) for payload in got for r in read_telemetry(payload)[0]}

    def wait_for(self, count: int) -> set[tuple[str, datetime]]:
        deadline = time.monotonic() + 20
        while len(self.keys()) < count and time.monotonic() < deadline:
            time.sleep(0.1)
        return self.keys()

    def payload_with(self, fragment: bytes) -> bytes:
        deadline = time.monotonic() + 5
        while not any(fragment in payload for _, payload in self.payloads) and time.monotonic() < deadline:
            time.sleep(0.05)
        return next(payload for _, payload in self.payloads if fragment in payload)

    def publish(self, topic: str, document: object) -> None:
        self._client.publish(topic, json.dumps(document), 1).wait_for_publish(5)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def connect() -> Iterator[Callable[[Broker], Service]]:
    services: list[Service] = []

    def make(broker: Broker) -> Service:
        services.append(Service(broker))
        return services[-1]

    yield make
    for service in services:
        service.close()


Connect = Callable[[Broker], Service]


def pump_until(publisher: FleetPublisher, done: Callable[[], bool], timeout_s: float = 10.0) -> bool:
    deadline = time.monotonic() + timeout_s
    while not done() and time.monotonic() < deadline:
        publisher.pump(0.02)
    return done()


def publish_steps(publisher: FleetPublisher, of: Fleet, steps: int) -> Packer:
    packer = Packer(readings_per_message=3)
    for _ in range(steps):
        for device_id, payload in packer.add(of.step()):
            publisher.publish(device_id, payload)
        publisher.pump()
    return packer


def test_every_reading_is_acknowledged_and_arrives(make_broker: MakeBroker, connect: Connect) -> None:
    homes = fleet(repeat_ratio=0.2, power_on_ratio=0.05)
    broker = make_broker(SERVICE, *identities(homes))
    service = connect(broker)
    player = Player(homes, credentials(homes), ("127.0.0.1", broker.settings.mqtt_port), Pace(0.0, 5))

    player.connect()
    player.play(48)

    assert player.finish()
    assert player.packer.distinct_readings == 4 * 48
    assert player.packer.repeated_messages > 0
    assert player.packer.refused_readings > 0
    assert len(service.wait_for(4 * 48 - player.packer.refused_readings)) == (
        4 * 48 - player.packer.refused_readings
    )


def test_a_desired_change_reaches_the_device_and_is_reported(
    make_broker: MakeBroker, connect: Connect
) -> None:
    homes = fleet()
    broker = make_broker(SERVICE, *identities(homes))
    service = connect(broker)
    heard: list[tuple[str, Desired]] = []
    publisher = FleetPublisher(
        own_lines(credentials(homes)),
        "127.0.0.1",
        broker.settings.mqtt_port,
        lambda *told: heard.append(told),
    )
    publisher.connect()
    device_id = homes.sites[1].device_id
    publisher.publish_reported(device_id, homes.reported(device_id))
    assert publisher.drain(5)
    homes.take_changed()

    until = (START + timedelta(hours=4)).isoformat()
    state = {"setpoint_c": 27.5, "command_id": "c-1", "requested_by": "advisor", "expires_at": until}
    service.publish(topics.shadow(device_id, "update/delta"), {"version": 3, "timestamp": 1, "state": state})
    assert pump_until(publisher, lambda: bool(heard))
    service.publish(
        topics.shadow(device_id, "update/delta"),
        {"version": 2, "timestamp": 1, "state": state | {"setpoint_c": 20}},
    )
    service.publish(topics.shadow(device_id, "update/delta"), {"version": 4, "timestamp": 1, "state": state})
    pump_until(publisher, lambda: len(heard) > 1, timeout_s=1.0)

    assert [desired.setpoint_c for _, desired in heard] == [27.5]  # neither the old nor the repeated one
    homes.command(*heard[0])
    readings = homes.step()
    assert readings.telemetry(1).setpoint_c == 27.5
    assert homes.take_changed() == (device_id,)
    publisher.publish_reported(device_id, homes.reported(device_id))
    assert publisher.drain(5)
    publisher.close()
    update = json.loads(service.payload_with(b'"c-1"'))
    assert update["state"]["reported"]["changed_by"] == "advisor"


def test_what_was_desired_while_the_device_was_away_is_read_on_connecting(
    make_broker: MakeBroker, connect: Connect
) -> None:
    homes = fleet(homes=1)
    broker = make_broker(SERVICE, *identities(homes))
    service = connect(broker)
    device_id = homes.sites[0].device_id
    desired = {"setpoint_c": 26.5, "mode": "cool", "command_id": "c-7", "requested_by": "app"}
    document = {"state": {"desired": desired, "delta": {"setpoint_c": 26.5}}, "version": 4, "timestamp": 1}
    service.answers[topics.shadow(device_id, "get")] = json.dumps(document).encode()
    heard: list[Desired] = []

    publisher = FleetPublisher(
        own_lines(credentials(homes)),
        "127.0.0.1",
        broker.settings.mqtt_port,
        lambda _, told: heard.append(told),
    )
    publisher.connect()

    assert pump_until(publisher, lambda: bool(heard))
    publisher.close()
    assert heard == [Desired.model_validate(desired)]


def test_a_broker_killed_in_the_middle_loses_nothing(make_broker: MakeBroker, connect: Connect) -> None:
    homes = fleet()
    broker = make_broker(SERVICE, *identities(homes))
    service = connect(broker)
    publisher = FleetPublisher(
        own_lines(credentials(homes)), "127.0.0.1", broker.settings.mqtt_port, homes.command
    )
    publisher.connect()

    publish_steps(publisher, homes, 60)
    broker.kill()
    publish_steps(publisher, homes, 60)
    waiting = publisher.unacknowledged
    broker.start()
    publish_steps(publisher, homes, 60)

    assert waiting >= 4 * 20
    assert publisher.drain(30)
    publisher.close()
    assert len(service.wait_for(4 * 180)) == 4 * 180


def test_a_wrong_password_is_said_plainly(make_broker: MakeBroker) -> None:
    homes = fleet(homes=1)
    broker = make_broker(SERVICE, *identities(homes))
    wrong = {site.device_id: Credentials(site.device_id, "wrong") for site in homes.sites}
    publisher = FleetPublisher(own_lines(wrong), "127.0.0.1", broker.settings.mqtt_port, homes.command)

    with pytest.raises(BrokerUnavailableError, match=r"127\.0\.0\.1:\d+: .*(authori|refused|credential)"):
        publisher.connect(timeout_s=2.0)
    publisher.close()


def _simulator(environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "device_sim"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_process_plays_a_season_and_ends_cleanly_on_request(
    make_broker: MakeBroker, connect: Connect, tmp_path: Path
) -> None:
    homes = Fleet(FleetSpec(homes=2, seed=1, start=START), 1)
    broker = make_broker(SERVICE, *identities(homes))
    service = connect(broker)
    passwords = tmp_path / "passwords.json"
    passwords.write_text(json.dumps({name: known.password for name, known in credentials(homes).items()}))
    environment = {
        "SIM_HOMES": "2",
        "SIM_DAYS": "1",
        "SIM_SPEED": "0",
        "SIM_PORT": str(broker.settings.mqtt_port),
        "SIM_IDENTITIES_FILE": str(passwords),
        "SIM_DATA_DIR": str(tmp_path),
    }

    whole = _simulator(environment)
    output, errors = whole.communicate(timeout=60)
    assert (whole.returncode, errors) == (0, "")
    assert json.loads(output.splitlines()[-1])["readings"] == 2 * 288
    assert len(service.wait_for(2 * 288 - 2)) >= 2 * 288 - 2  # a sensor may just have been powered on

    slow = _simulator(environment | {"SIM_SPEED": "60"})
    ready = tmp_path / "run" / "sim.ready"
    deadline = time.monotonic() + 20
    while not ready.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert ready.exists()
    slow.send_signal(signal.SIGTERM)
    _, errors = slow.communicate(timeout=5)
    assert (slow.returncode, errors, ready.exists()) == (0, "", False)


def test_the_process_says_in_one_line_what_is_wrong(tmp_path: Path) -> None:
    process = _simulator({"SIM_CLIMATE": "martian"})

    _, errors = process.communicate(timeout=30)

    assert process.returncode == 2
    assert errors.startswith("no climate 'martian'; there are hot_dry, hot_humid, mild_summer")
    assert len(errors.splitlines()) == 1


@pytest.mark.bench
def test_fifty_devices_publish_ten_thousand_readings_a_second(
    make_broker: MakeBroker, connect: Connect
) -> None:
    homes = fleet(homes=50)
    broker = make_broker(SERVICE, *identities(homes))
    connect(broker)
    packer = Packer(readings_per_message=12)
    messages = [message for _ in range(600) for message in packer.add(homes.step())]
    publisher = FleetPublisher(
        own_lines(credentials(homes)), "127.0.0.1", broker.settings.mqtt_port, homes.command
    )
    publisher.connect()

    started = time.perf_counter()
    for device_id, payload in messages:
        publisher.publish(device_id, payload)
    assert publisher.drain(60)
    readings_per_s = packer.distinct_readings / (time.perf_counter() - started)
    publisher.close()

    print(f"readings_per_s={readings_per_s:.0f} in messages of 12")
    assert packer.distinct_readings > 0
