"""What the gateway takes in a second: `ac-advisor bench edge`.

A real broker, as site and as cloud, and the real gateway process: readings of native devices, one a message,
are normalised, spooled (on disk, synced) and sent up in batches, and the clock stops when the cloud has the
last one. Beside it, in the same run, what the gateway's own MQTT library publishes of such readings, one a
message, with nothing done to them.
"""

import os
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

import psutil
from pydantic import SecretStr

from edge.adapters.mqtt_session import Endpoint, MqttSession, OnMessage, Subscriptions
from edge.contract import topics
from edge.ports import Parcel
from infra.local.broker import Broker, BrokerSettings, Identity, free_ports
from infra.local.errors import LocalError
from infra.local.identities import GATEWAY_ID, new_password, site_name
from infra.local.ingest_bench import DEVICES, Fleet
from infra.local.mqtt_load import bursts, connected
from infra.local.supervisor import Worker

ROUNDS: Final = 3
"""Each rate is measured so often, in turns; medians count, since others work on this machine too."""

TIMEOUT_S: Final = 300.0
CONNECT_S: Final = 20.0


class NotArrivedError(LocalError):
    """What was published is not where it should be."""

    def __init__(self, arrived: int, readings: int) -> None:
        super().__init__(f"of {readings} readings {arrived} arrived within {TIMEOUT_S:.0f} s")


@dataclass(frozen=True, slots=True)
class EdgeRates:
    """What the gateway takes, in one run.

    Attributes:
        readings_per_s: From the site through the gateway, its synced spool and its uplink into the cloud.
        raw_publishes_per_s: PUBACKed publishes of its MQTT library, one reading each, kept by the broker.
        ratio: `readings_per_s` over `raw_publishes_per_s`, both the medians of their rounds.
        gateway_cpu_us_per_reading: Time of a core that the gateway took for a reading [µs].
        readings_lost: Of all that the site's broker had acknowledged.
        peak_rss_mb: Largest memory of the gateway process that was seen [MB].
    """

    readings_per_s: int
    raw_publishes_per_s: int
    ratio: float
    gateway_cpu_us_per_reading: float
    readings_lost: int
    peak_rss_mb: float


def measure(readings: int) -> EdgeRates:
    """Send so many readings a round.

    Raises:
        LocalError: A process does not run, or not everything arrived.
    """
    with tempfile.TemporaryDirectory() as folder:
        bench = _Bench(Path(folder))
        with bench.running():
            return _measure(bench, readings)


def _measure(bench: "_Bench", readings: int) -> EdgeRates:
    fleet, through, raw, cpu_us = Fleet(), [], [], []
    for _ in range(ROUNDS):
        cpu_s = bench.gateway_cpu_s()
        through.append(readings / bench.through_the_gateway(list(fleet.singles(readings))))
        cpu_us.append(1e6 * (bench.gateway_cpu_s() - cpu_s) / readings)
        raw.append(readings / bench.published_alone(list(fleet.singles(readings))))
    through_per_s, raw_per_s = statistics.median(through), statistics.median(raw)
    return EdgeRates(
        readings_per_s=round(through_per_s),
        raw_publishes_per_s=round(raw_per_s),
        ratio=round(through_per_s / raw_per_s, 3),
        gateway_cpu_us_per_reading=round(statistics.median(cpu_us), 1),
        readings_lost=ROUNDS * readings - bench.arrived,
        peak_rss_mb=round(bench.gateway_rss_mb(), 1),
    )


class _Bench:
    """A broker with both accounts, a gateway process, and the cloud's end that counts what arrives."""

    def __init__(self, folder: Path) -> None:
        self.arrived = 0
        self._wanted = 0
        self._enough = threading.Event()
        self._fleet = Identity("fleet", new_password(), "site", "service")
        self._gateway = Identity(GATEWAY_ID, new_password(), "cloud", "gateway", devices=DEVICES)
        self._service = Identity("ingest", new_password(), "cloud", "service")
        site = Identity(site_name(GATEWAY_ID), new_password(), "site", "service")
        settings = BrokerSettings(folder / "broker", *free_ports(3))
        self._port = settings.mqtt_port
        self._broker = Broker(settings, (self._fleet, self._gateway, self._service, site))
        environment = {
            **os.environ,  # noqa: TID251 (handed on to a child, as the stack does)
            "EDGE_DATA_DIR": str(folder / "edge"),
            "EDGE_SITE_PORT": str(self._port),
            "EDGE_SITE_PASSWORD": site.password,
            "EDGE_CLOUD_PORT": str(self._port),
            "EDGE_CLOUD_PASSWORD": self._gateway.password,
            "EDGE_DEVICES": ",".join(DEVICES),
        }
        ready = folder / "edge" / "run" / "edge.ready"
        self._process = Worker("edge", ("edge",), environment, ready, folder / "edge.log")
        self._cloud = self._session(self._service, "ingest-0", topics.BATCH, self._on_message)
        self._keeper = self._session(self._service, "ingest-1", topics.TELEMETRY, _ignore)

    @contextmanager
    def running(self) -> Iterator[None]:
        """With the broker, the cloud's end, and then the gateway."""
        self._broker.start()
        try:
            for session in (self._keeper, self._cloud):
                session.start()
                _require_up(session)
            self._keeper.stop()  # the broker keeps what is published for it
            self._process.start()
            yield
        finally:
            self._process.stop()
            self._cloud.stop()
            self._broker.stop()

    def through_the_gateway(self, messages: Sequence[tuple[str, bytes]]) -> float:
        """Publish on the site as fast as its broker takes it; how long until the cloud had all of it [s]."""
        pieces = bursts(messages)
        self._expect(len(messages))
        began = time.perf_counter()
        with connected(self._port, self._fleet, "fleet") as connection:
            connection.publish(pieces)
        self._wait(len(messages))
        return time.perf_counter() - began

    def published_alone(self, messages: Sequence[tuple[str, bytes]]) -> float:
        """Publish them to the cloud by the gateway's library; how long until all were PUBACKed [s]."""
        left, done = len(messages), threading.Event()
        session = self._session(self._gateway, f"{GATEWAY_ID}-claim")

        def on_published(_: int) -> None:
            nonlocal left
            left -= 1
            if not left:
                done.set()

        session.on_published = on_published
        session.start()
        _require_up(session)
        began = time.perf_counter()
        for topic, payload in messages:
            session.publish(Parcel(topic, payload))
        if not done.wait(TIMEOUT_S):
            raise NotArrivedError(len(messages) - left, len(messages))
        took_s = time.perf_counter() - began
        session.stop()
        return took_s

    def gateway_cpu_s(self) -> float:
        """Time of a core that the gateway has taken so far [s]."""
        times = psutil.Process(self._process.pid).cpu_times()
        return float(times.user + times.system)

    def gateway_rss_mb(self) -> float:
        """Its memory now [MB]."""
        return float(psutil.Process(self._process.pid).memory_info().rss / 1e6)

    def _session(
        self,
        identity: Identity,
        client_id: str,
        topic: str = "",
        on_message: OnMessage | None = None,
    ) -> MqttSession:
        password = SecretStr(identity.password)
        endpoint = Endpoint("127.0.0.1", self._port, identity.name, password, client_id, durable=bool(topic))
        subscriptions = None if on_message is None else Subscriptions([topic], 1, on_message)
        return MqttSession(client_id, endpoint, subscriptions, Random())  # noqa: S311 (spreads reconnects)

    def _on_message(self, _client: object, message: Any) -> None:  # noqa: ANN401 (the library's)
        self.arrived += message.payload.count(b'"device_id"')
        if self.arrived >= self._wanted:
            self._enough.set()

    def _expect(self, readings: int) -> None:
        self._wanted += readings
        self._enough.clear()

    def _wait(self, readings: int) -> None:
        if not self._enough.wait(TIMEOUT_S):
            raise NotArrivedError(readings - (self._wanted - self.arrived), readings)


def _require_up(session: MqttSession) -> None:
    if not session.up.wait(CONNECT_S):
        session.stop()
        raise NotArrivedError(0, 0)


def _ignore(_client: object, _message: object) -> None:
    """Only that there is somebody makes the broker keep what is published."""
