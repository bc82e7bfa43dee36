"""Many devices over few connections, and devices of other makes, against a real broker."""

import json
import socket
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

from device_sim.faults.plan import Fault, FaultPlan
from device_sim.fleet import FaultRates, Fleet, FleetSpec
from device_sim.player import Pace, Player, Speech
from device_sim.wire.dialects.choice import speak
from device_sim.wire.packing import Packer
from device_sim.wire.publisher import Credentials, FleetPublisher, shared_lines
from edge.contract import Desired, Event, Telemetry, read_telemetry, topics
from infra.local.broker import Broker, Identity

LISTENER = Identity("svc", "secret", "cloud", "service")
FLEET = Identity("fleet", "of-all", "cloud", "service")
ACCOUNT = Credentials("fleet", "of-all")
START = datetime(2025, 7, 1, 7, tzinfo=UTC)
MakeBroker = Callable[..., Broker]


def fleet(homes: int, *faults: Fault) -> Fleet:
    rates, plan = FaultRates(0.0, 0.0, 0.0), FaultPlan(faults=faults)
    return Fleet(FleetSpec(homes=homes, seed=9, start=START, faults=rates, plan=plan), 1)


class Listener:
    """Somebody with a durable session who remembers what was said; survives restarts of the broker."""

    def __init__(self, broker: Broker, *filters: str) -> None:
        self.heard: list[mqtt.MQTTMessage] = []
        self._subscribed = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="svc", clean_session=False)
        self._client.username_pw_set(LISTENER.name, LISTENER.password)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe([(name, 1) for name in filters])
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = lambda _client, _data, message: self.heard.append(message)
        self._client.connect("127.0.0.1", broker.settings.mqtt_port)
        self._client.loop_start()
        assert self._subscribed.wait(10)

    def publish(self, topic: str, document: object) -> None:
        self._client.publish(topic, json.dumps(document), 1).wait_for_publish(5)

    def readings(self) -> list[Telemetry]:
        payloads = [message.payload for message in tuple(self.heard) if message.topic.endswith("/telemetry")]
        return [reading for payload in payloads for reading in read_telemetry(bytes(payload))[0]]

    def keys(self) -> set[tuple[str, datetime]]:
        return {(reading.device_id, reading.sampled_at) for reading in self.readings()}

    def last(self, topic: str) -> str:
        return next(bytes(m.payload).decode() for m in reversed(self.heard) if m.topic == topic)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


Listen = Callable[..., Listener]


@pytest.fixture
def listen() -> Iterator[Listen]:
    listeners: list[Listener] = []

    def make(broker: Broker, *filters: str) -> Listener:
        listeners.append(Listener(broker, *filters))
        return listeners[-1]

    yield make
    for listener in listeners:
        listener.close()


def wait_until(done: Callable[[], bool], pump: Callable[[float], None] = time.sleep) -> bool:
    deadline = time.monotonic() + 20
    while not done() and time.monotonic() < deadline:
        pump(0.05)
    return done()


def publish_steps(publisher: FleetPublisher, packer: Packer, of: Fleet, steps: int) -> None:
    for _ in range(steps):
        for device_id, message in packer.add(of.step()):
            publisher.publish(device_id, message)
        publisher.pump()


def test_two_hundred_devices_over_two_connections_lose_nothing_when_the_broker_is_killed(
    make_broker: MakeBroker, listen: Listen
) -> None:
    of, packer = fleet(200), Packer(1)
    broker = make_broker(LISTENER, FLEET)
    listener = listen(broker, topics.TELEMETRY)
    dialects = speak("native", [site.device_id for site in of.sites])
    lines = shared_lines(ACCOUNT, dialects, 2)
    publisher = FleetPublisher(lines, "127.0.0.1", broker.settings.mqtt_port, of.command)
    publisher.connect()

    publish_steps(publisher, packer, of, 5)
    broker.kill()
    publish_steps(publisher, packer, of, 5)
    waiting = publisher.unacknowledged
    broker.start()
    publish_steps(publisher, packer, of, 5)

    assert len(lines) == 2
    assert waiting >= 5 * 200
    assert publisher.drain(30)
    publisher.close()
    assert wait_until(lambda: len(listener.keys()) == 200 * 15)
    assert packer.distinct_readings == 200 * 15


def test_a_shared_connection_brings_each_device_its_own_command(
    make_broker: MakeBroker, listen: Listen
) -> None:
    of = fleet(120)
    broker = make_broker(LISTENER, FLEET)
    listener = listen(broker, topics.SHADOW_GET)
    heard: dict[str, Desired] = {}
    dialects = speak("native", [site.device_id for site in of.sites])
    publisher = FleetPublisher(
        shared_lines(ACCOUNT, dialects, 2), "127.0.0.1", broker.settings.mqtt_port, heard.__setitem__
    )
    publisher.connect()
    assert publisher.drain(10)
    assert wait_until(lambda: len(listener.heard) == 120)  # every device has asked for its shadow

    for number in (0, 7, 119):
        state = {"setpoint_c": 25.5, "command_id": f"c-{number}", "requested_by": "app"}
        document = {"version": 1, "timestamp": 1, "state": state}
        listener.publish(topics.shadow(of.sites[number].device_id, "update/delta"), document)

    assert wait_until(lambda: len(heard) == 3, publisher.pump)
    publisher.close()
    assert {device_id: desired.command_id for device_id, desired in heard.items()} == {
        of.sites[number].device_id: f"c-{number}" for number in (0, 7, 119)
    }


def test_faults_of_the_wire_arrive_as_planned_and_the_books_balance(
    make_broker: MakeBroker, listen: Listen
) -> None:
    at = [START + timedelta(minutes=5 * step) for step in range(25)]
    of = fleet(
        6,
        Fault(kind="wifi_outage", starts_at=at[4], ends_at=at[10], homes=(0,)),
        Fault(kind="clock_skew", starts_at=at[3], ends_at=at[8], severity=600.0, homes=(1,)),
        Fault(kind="duplicates", starts_at=at[0], severity=0.5, homes=(2,)),
        Fault(kind="late_messages", starts_at=at[0], severity=900.0, homes=(3,)),
        Fault(kind="reboot", starts_at=at[12], homes=(4,)),
    )
    broker = make_broker(LISTENER, FLEET)
    listener = listen(broker, topics.TELEMETRY, topics.EVENT)
    address = ("127.0.0.1", broker.settings.mqtt_port)
    player = Player(of, {}, address, Pace(), Speech(connections=2, account=ACCOUNT))
    player.connect()

    player.play(24)

    assert player.finish()
    packer = player.packer
    assert wait_until(lambda: len(listener.keys()) == packer.distinct_readings)
    assert packer.distinct_readings == 6 * 24 - 2  # ten minutes ahead: two times said again
    assert wait_until(lambda: len(listener.readings()) == 6 * 24 + packer.repeated_messages)
    (boot,) = [Event.model_validate_json(m.payload) for m in listener.heard if m.topic.endswith("/event")]
    assert (boot.kind, boot.device_id, boot.occurred_at) == ("boot", of.sites[4].device_id, at[12])


def test_a_tasmota_device_obeys_a_published_command(make_broker: MakeBroker, listen: Listen) -> None:
    of = fleet(3)
    broker = make_broker(LISTENER, FLEET)
    device_id = of.sites[1].device_id
    listener = listen(broker, "tele/+/SENSOR", "tele/+/LWT", "stat/+/RESULT")
    address = ("127.0.0.1", broker.settings.mqtt_port)
    player = Player(of, {}, address, Pace(), Speech("tasmota", 1, ACCOUNT))
    player.connect()
    player.play(1)

    command = {"Vendor": "Mitsubishi_Heavy_152", "Power": "On", "Mode": "Cool", "Temp": 21}
    listener.publish(f"cmnd/{device_id}/IRHVAC", command)
    topic = f"stat/{device_id}/RESULT"
    assert wait_until(lambda: any(m.topic == topic for m in listener.heard), player.pump)

    assert of.step().telemetry(1).setpoint_c == 21.0
    assert json.loads(listener.last(topic))["IRHVAC"]["Temp"] == 21
    assert listener.last(f"tele/{device_id}/LWT") == "Online"
    assert json.loads(listener.last(f"tele/{device_id}/SENSOR"))["ENERGY"]["Power"] >= 0
    player.close()
    assert wait_until(lambda: listener.last(f"tele/{device_id}/LWT") == "Offline")


def test_the_broker_says_that_a_device_with_its_own_connection_is_gone(
    make_broker: MakeBroker, listen: Listen
) -> None:
    of = fleet(1)
    device_id = of.sites[0].device_id
    broker = make_broker(LISTENER, FLEET)
    listener = listen(broker, f"{device_id}/status", f"homeassistant/device/{device_id}/config")
    player = Player(
        of, {device_id: ACCOUNT}, ("127.0.0.1", broker.settings.mqtt_port), Pace(), Speech("esphome")
    )
    player.connect()
    player.pump(0.1)
    assert wait_until(lambda: len(listener.heard) == 2, player.pump)
    assert listener.last(f"{device_id}/status") == "online"

    lost = player._publisher._sessions[0].client.socket()
    assert isinstance(lost, socket.socket)
    lost.shutdown(socket.SHUT_RDWR)  # it dies without a word

    assert wait_until(lambda: listener.last(f"{device_id}/status") == "offline")
    player.close()


def _simulate(**environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "device_sim"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (
            {"severity": 3},
            ": faults.0: Value error, severity of clogged_filter is the share of the airflow lost",
        ),
        ({"severity": 0.3, "homes": ["ac-elsewhere"]}, "no device 'ac-elsewhere' in the fleet"),
    ],
)
def test_the_process_says_in_one_line_what_is_wrong_with_a_file_of_faults(
    tmp_path: Path, fault: dict[str, object], said: str
) -> None:
    path = tmp_path / "faults.json"
    path.write_text(json.dumps([{"kind": "clogged_filter", "starts_at": START.isoformat()} | fault]))

    process = _simulate(SIM_FAULTS_FILE=str(path))

    assert process.returncode == 2
    assert said in process.stderr
    assert len(process.stderr.splitlines()) == 1


def test_the_process_plays_another_make_with_faults_over_one_connection(
    make_broker: MakeBroker, listen: Listen, tmp_path: Path
) -> None:
    broker = make_broker(LISTENER, FLEET)
    listener = listen(broker, "state/+/status", "state/+")
    path = tmp_path / "faults.json"
    outage = {"starts_at": "2025-07-01T10:00Z", "ends_at": "2025-07-01T11:00Z", "homes": [1]}
    path.write_text(json.dumps([{"kind": "wifi_outage"} | outage]))

    process = _simulate(
        SIM_HOMES="3",
        SIM_DAYS="1",
        SIM_SPEED="0",
        SIM_PORT=str(broker.settings.mqtt_port),
        SIM_DIALECT="faikout",
        SIM_CONNECTIONS="1",
        SIM_USERNAME="fleet",
        SIM_PASSWORD="of-all",
        SIM_FAULTS_FILE=str(path),
    )

    assert (process.returncode, process.stderr) == (0, "")
    played = json.loads(process.stdout.splitlines()[-1])
    assert (played["readings"], played["lost_readings"]) == (3 * 288 - 12, 12)  # it keeps nothing
    assert wait_until(lambda: any(m.topic.endswith("/status") for m in listener.heard))
    away = [m.topic for m in listener.heard if m.payload == b"false" and not m.retain]
    assert "state/ac-demo-1-00001" in away


def test_shared_connections_need_a_login() -> None:
    process = _simulate(SIM_CONNECTIONS="2")

    assert process.returncode == 2
    assert "SIM_CONNECTIONS needs SIM_USERNAME" in process.stderr
