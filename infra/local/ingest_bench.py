"""What ingest takes in a second, kept and acknowledged: `ac-advisor bench ingest`.

A real broker and the real ingest process, in one run with what the same broker takes when nobody consumes:
whatever else this machine does meanwhile, it does to both. The load generator shares the cores with them.
"""

import http.client
import json
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import psutil

from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.ports.records import DeviceRecord, device_pk
from cloud.ports.state import Put
from cloud.wiring.ingest import CLIENT_ID
from edge.contract import topics
from infra.local.broker import Broker, BrokerSettings, Identity, free_ports
from infra.local.errors import LocalError
from infra.local.identities import new_password
from infra.local.lake_count import seal
from infra.local.mqtt_load import Burst, LoadConnection, bursts, connected, sink_rate
from infra.local.supervisor import Worker

DEVICES: Final = tuple(f"dev-{number:02d}" for number in range(50))
START: Final = datetime(2026, 1, 1, tzinfo=UTC)
READINGS_A_BATCH: Final = 500
"""As many as the contract allows; they stay under its 128 KB."""

PACKED_BURST_MESSAGES: Final = 4
ROUNDS: Final = 3
"""Each rate is measured so often, in turns; medians count, since others work on this machine too."""

PACED_SHARE: Final = 0.2
PACED_S: Final = 5.0
PACED_BURSTS_PER_S: Final = 100
TIMEOUT_S: Final = 120.0
KEPT_POLL_S: Final = 0.003


class NotKeptError(LocalError):
    """What was published is not where it should be."""

    def __init__(self, what: str, missing: int) -> None:
        super().__init__(f"{missing} {what}")


@dataclass(frozen=True, slots=True)
class IngestRates:
    """What the broker and ingest take, in one run.

    Attributes:
        generator_msgs_per_s: The load generator against a peer that only counts.
        broker_bare_msgs_per_s: PUBACKs of the broker without a durable session: it keeps nothing.
        broker_raw_msgs_per_s: PUBACKs of the broker with the durable session of ingest, which is away: it
            keeps everything, and nobody consumes.
        durable_msgs_per_s: Single readings from publish to committed by ingest and acknowledged.
        ratio: `durable_msgs_per_s` over `broker_raw_msgs_per_s`, both the medians of their rounds.
        ratio_to_bare: The same over `broker_bare_msgs_per_s`.
        packed_readings_per_s: The same way in messages of 500 readings.
        generator_packed_readings_per_s: The load generator with these, against a peer that only counts.
        broker_raw_packed_readings_per_s: PUBACKed readings of such messages while nobody consumes.
        p50_ms: From publish to visible in a query, at 20 % of `durable_msgs_per_s`.
        p99_ms: The same.
        peak_rss_mb: Largest memory of the ingest process [MB].
        broker_raw_cpu_us_per_msg: Time of a core that the broker took for a message nobody consumes [µs].
        broker_cpu_us_per_msg: The same for one that was delivered and acknowledged.
        ingest_cpu_us_per_msg: Time of a core that the ingest process took for a single reading [µs].
        broker_cpu_us_per_packed_reading: Time of a core that the broker took for one in a packed message
            that was delivered and acknowledged [µs].
        ingest_cpu_us_per_packed_reading: The same of ingest, the lake's files included.
    """

    generator_msgs_per_s: int
    broker_bare_msgs_per_s: int
    broker_raw_msgs_per_s: int
    durable_msgs_per_s: int
    ratio: float
    ratio_to_bare: float
    packed_readings_per_s: int
    generator_packed_readings_per_s: int
    broker_raw_packed_readings_per_s: int
    p50_ms: float
    p99_ms: float
    peak_rss_mb: float
    broker_raw_cpu_us_per_msg: float
    broker_cpu_us_per_msg: float
    ingest_cpu_us_per_msg: float
    broker_cpu_us_per_packed_reading: float
    ingest_cpu_us_per_packed_reading: float


def measure(messages: int, packed: int) -> IngestRates:
    """Publish `messages` single and `packed` packed readings a round.

    Raises:
        LocalError: A process does not run, or what was published did not arrive.
    """
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder))
        with site.running():
            return _measure(site, messages, packed)


def _measure(site: "Site", messages: int, packed: int) -> IngestRates:
    fleet, single, many = Fleet(), [], []
    raw, raw_cpu_us, bare, generator, raw_packed, generator_packed = [], [], [], [], [], []
    for _ in range(ROUNDS):
        with site.ingesting():
            single.append(site.kept(bursts(fleet.singles(messages)), messages))
            many.append(
                site.kept(bursts(fleet.batches(packed // READINGS_A_BATCH), PACKED_BURST_MESSAGES), packed)
            )
        pieces = bursts(fleet.singles(messages))
        cpu_s = site.broker_cpu_s()
        raw.append(messages / site.publish(pieces))
        raw_cpu_us.append(1e6 * (site.broker_cpu_s() - cpu_s) / messages)
        pieces_packed = bursts(fleet.batches(packed // READINGS_A_BATCH), PACKED_BURST_MESSAGES)
        raw_packed.append(packed / site.publish(pieces_packed))
        generator_packed.append(READINGS_A_BATCH * sink_rate(pieces_packed))
        site.forget()
        bare.append(messages / site.publish(pieces))
        generator.append(sink_rate(pieces))
    durable = statistics.median(each.per_s for each in single)
    with site.ingesting():
        latencies_s = sorted(site.latencies(fleet, PACED_SHARE * durable))
    raw_per_s, bare_per_s = statistics.median(raw), statistics.median(bare)
    return IngestRates(
        generator_msgs_per_s=round(statistics.median(generator)),
        broker_bare_msgs_per_s=round(bare_per_s),
        broker_raw_msgs_per_s=round(raw_per_s),
        durable_msgs_per_s=round(durable),
        ratio=round(durable / raw_per_s, 3),
        ratio_to_bare=round(durable / bare_per_s, 3),
        packed_readings_per_s=round(statistics.median(each.per_s for each in many)),
        generator_packed_readings_per_s=round(statistics.median(generator_packed)),
        broker_raw_packed_readings_per_s=round(statistics.median(raw_packed)),
        p50_ms=round(1000 * latencies_s[len(latencies_s) // 2], 2),
        p99_ms=round(1000 * latencies_s[len(latencies_s) * 99 // 100], 2),
        peak_rss_mb=round(site.peak_rss_mb, 1),
        broker_raw_cpu_us_per_msg=round(statistics.median(raw_cpu_us), 2),
        broker_cpu_us_per_msg=round(statistics.median(each.broker_cpu_us for each in single), 2),
        ingest_cpu_us_per_msg=round(statistics.median(each.cpu_us for each in single), 2),
        broker_cpu_us_per_packed_reading=round(statistics.median(each.broker_cpu_us for each in many), 2),
        ingest_cpu_us_per_packed_reading=round(statistics.median(each.cpu_us for each in many), 2),
    )


@dataclass(frozen=True, slots=True)
class _Kept:
    """Readings a second, and what each cost ingest and the broker [µs of a core]."""

    per_s: float
    cpu_us: float
    broker_cpu_us: float


class Fleet:
    """Devices that report one after the other, each time half a second later: no reading comes twice."""

    def __init__(self) -> None:
        self._told = 0

    def singles(self, count: int) -> Iterator[tuple[str, bytes]]:
        """One reading a message, on the device's own topic."""
        for _ in range(count):
            device_id, text = self._next()
            yield topics.telemetry(device_id), text.encode()

    def batches(self, count: int) -> Iterator[tuple[str, bytes]]:
        """Full batches of the gateway."""
        for _ in range(count):
            readings = ",".join(self._next()[1] for _ in range(READINGS_A_BATCH))
            yield topics.batch("gw-1"), f"[{readings}]".encode()

    def _next(self) -> tuple[str, str]:
        round_, place = divmod(self._told, len(DEVICES))
        self._told += 1
        sampled_at = START + timedelta(seconds=self._told // 2)
        reading = {
            "device_id": DEVICES[place],
            "sampled_at": sampled_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "seq": round_,
            "mode": "cool",
            "setpoint_c": 24.0,
            "indoor_dry_bulb_c": 24.0 + round_ % 30 / 10,
            "indoor_rh_pct": 50.5 + place % 10,
            "outdoor_dry_bulb_c": 31.2,
            "electric_power_w": 800.5 + round_ % 100,
            "energy_total_kwh": 1234.5 + round_ / 100,
            "compressor_ratio": 0.42,
        }
        return DEVICES[place], json.dumps(reading, separators=(",", ":"))


class Site:
    """A broker, an ingest process that can come and go, and a gateway that publishes."""

    def __init__(self, folder: Path) -> None:
        self._data_dir = folder / "data"
        self.service = Identity("ingest", new_password(), "cloud", "service")
        self._gateway = Identity("gw-1", new_password(), "cloud", "gateway", devices=DEVICES)
        settings = BrokerSettings(folder / "broker", *free_ports(3))
        self._broker = Broker(settings, (self.service, self._gateway))
        self.port = settings.mqtt_port
        environment = {
            **os.environ,  # noqa: TID251 (handed on to a child, as the stack does)
            "CLOUD_DATA_DIR": str(self._data_dir),
            "CLOUD_MQTT_PORT": str(self.port),
            "CLOUD_MQTT_USERNAME": self.service.name,
            "CLOUD_MQTT_PASSWORD": self.service.password,
        }
        ready = self._data_dir / "run" / "ingest.ready"
        self._ingest = Worker("ingest", ("cloud", "ingest"), environment, ready, folder / "ingest.log")
        self._kept = 0
        self.peak_rss_mb = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """With the broker, and devices that are registered."""
        with closing(SqliteStateStore(self._data_dir / "state.sqlite")) as state:
            for device_id in DEVICES:
                record = DeviceRecord(device_id=device_id, gateway_id=self._gateway.name)
                state.transact([Put(device_pk(device_id), "device", record.model_dump(mode="json"))])
        self._broker.start()
        try:
            yield
        finally:
            self._broker.stop()

    @contextmanager
    def ingesting(self) -> Iterator[None]:
        """With the ingest process; its durable session outlives it."""
        self._ingest.start()
        try:
            yield
            self.peak_rss_mb = max(self.peak_rss_mb, _peak_rss_mb(self._ingest.pid))
        finally:
            self._ingest.stop()

    def forget(self, client_id: str = CLIENT_ID) -> None:
        """End a durable session, that of ingest if no other is named, and with it what waits there."""
        with connected(self.port, self.service, client_id):
            pass
        self.wait_for_acknowledgements()

    def publish(self, pieces: Sequence[Burst]) -> float:
        """Publish as the gateway; how long until all was PUBACKed [s]."""
        with connected(self.port, self._gateway, "load") as connection:
            return connection.publish(pieces)

    def kept(self, pieces: Sequence[Burst], readings: int) -> _Kept:
        """Publish until all `readings` are committed and acknowledged to the broker.

        Then they are sealed, off the clock: what one round leaves to do would slow the next.
        """
        cpu_s, broker_cpu_s, began = _cpu_s(self._ingest.pid), self.broker_cpu_s(), time.perf_counter()
        self.publish(pieces)
        self._kept += readings
        with closing(SqliteReadingLog(self._data_dir / "ingest.sqlite", read_only=True)) as log:
            while log.head() < self._kept and time.perf_counter() - began < TIMEOUT_S:
                time.sleep(KEPT_POLL_S)  # the log first: asking the broker costs it a good part of a core
            self.wait_for_acknowledgements()
            took_s = time.perf_counter() - began
            if log.head() != self._kept:
                raise NotKeptError("readings were acknowledged and not kept", self._kept - log.head())
        seal(self._data_dir, self._ingest)
        cpu_s, broker_cpu_s = _cpu_s(self._ingest.pid) - cpu_s, self.broker_cpu_s() - broker_cpu_s
        return _Kept(readings / took_s, 1e6 * cpu_s / readings, 1e6 * broker_cpu_s / readings)

    def latencies(self, fleet: Fleet, per_s: float) -> Iterator[float]:
        """From publish to visible, for each small burst of a steady load of `per_s` [s]."""
        size = max(1, round(per_s / PACED_BURSTS_PER_S))
        pieces = bursts(fleet.singles(size * round(PACED_S * PACED_BURSTS_PER_S)), size)
        path = self._data_dir / "ingest.sqlite"
        with (
            closing(SqliteReadingLog(path, read_only=True)) as log,
            connected(self.port, self._gateway, "load") as connection,
        ):
            yield from _paced(log, connection, pieces)

    def broker_cpu_s(self) -> float:
        """Time of a core that the broker has taken so far [s]."""
        return _cpu_s(self._broker.pid)

    def wait_for_acknowledgements(self) -> None:
        """Until the broker holds nothing any more: it forgets what was acknowledged."""
        began = time.perf_counter()
        while held := self._held_by_broker():
            if time.perf_counter() - began > TIMEOUT_S:
                raise NotKeptError(f"messages were not acknowledged within {TIMEOUT_S:.0f} s", held)
            time.sleep(KEPT_POLL_S)

    def _held_by_broker(self) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self._broker.settings.monitor_port, timeout=5)
        with closing(connection):
            connection.request("GET", "/jsz?accounts=true&streams=true")
            accounts = json.loads(connection.getresponse().read())["account_details"]
        streams = [stream for account in accounts for stream in account.get("stream_detail", ())]
        return sum(int(each["state"]["messages"]) for each in streams if each["name"] == "$MQTT_msgs")


def _paced(log: SqliteReadingLog, connection: LoadConnection, pieces: Sequence[Burst]) -> Iterator[float]:
    head, began = log.head(), time.perf_counter()
    waiting: list[tuple[int, float]] = []
    due = iter(enumerate(pieces))
    following = next(due, None)
    while following or waiting:
        now_s = time.perf_counter() - began
        if following and now_s >= following[0] / PACED_BURSTS_PER_S:
            connection.send(following[1])
            head += following[1].messages
            waiting.append((head, time.perf_counter() - began))
            following = next(due, None)
        connection.receive(0)
        visible = log.head()
        now_s = time.perf_counter() - began
        while waiting and waiting[0][0] <= visible:
            yield now_s - waiting.pop(0)[1]
        if now_s > TIMEOUT_S:
            raise NotKeptError(f"readings were not visible within {TIMEOUT_S:.0f} s", head - visible)


def _cpu_s(pid: int | None) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def _peak_rss_mb(pid: int | None) -> float:
    """The largest memory that a running process has had [MB] (Linux tells it)."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    (line,) = [each for each in status.read_text().splitlines() if each.startswith("VmHWM")]
    return int(line.split()[1]) * 1024 / 1e6
