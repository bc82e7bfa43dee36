"""`python -m cloud ingest` on the real broker: what was PUBACKed is in the lake, once, whoever is killed."""

import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from random import Random

import pytest

from cloud.adapters.parquet_lake import ParquetLake, readings_in_lake
from cloud.adapters.sealed_wait import wait_until_sealed
from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.ports.records import DeviceRecord
from cloud.ports.state import Put
from edge.contract import Telemetry, topics, write_telemetry
from infra.local.broker import Broker, Identity
from tests.integration.cloud.cloud_process import TIMEOUT_S
from tests.integration.cloud.ingest_process import (
    DEVICES,
    READINGS_A_BATCH,
    Gateway,
    IngestProcess,
    MakeTelemetry,
    under_load,
)
from tests.waiting import QUICK_ACK_WAIT_S, wait_for

IDENTITIES = (
    Identity("cloud", "cloud-password", "cloud", "service"),
    Identity("gw-1", "gw-1-password", "cloud", "gateway", devices=DEVICES),
)


@pytest.fixture
def broker(make_broker: Callable[..., Broker]) -> Broker:
    return make_broker(*IDENTITIES, ack_wait_s=QUICK_ACK_WAIT_S)


@pytest.fixture
def ingest(broker: Broker, tmp_path: Path) -> Iterator[IngestProcess]:
    data_dir = tmp_path / "data"
    state = SqliteStateStore(data_dir / "state.sqlite")
    records = [DeviceRecord(device_id=device, gateway_id="gw-1") for device in DEVICES]
    state.transact(
        [Put(f"device#{each.device_id}", "device", each.model_dump(mode="json")) for each in records]
    )
    state.close()
    process = IngestProcess(data_dir, broker.settings.mqtt_port)
    process.start()
    yield process
    process.end_at_last()


@pytest.fixture
def workers(ingest: IngestProcess) -> Iterator[list[IngestProcess]]:
    """Two processes that share the work, in the place of the one that does it all."""
    ingest.end(signal.SIGTERM)
    shares = {"ingest-telemetry": "telemetry", "ingest-batch-event": "event,batch"}
    workers = [IngestProcess(ingest.data_dir, ingest.port, parts, name) for name, parts in shares.items()]
    for worker in workers:
        worker.start()
    yield workers
    for worker in workers:
        worker.end_at_last()


@pytest.fixture
def gateway(ingest: IngestProcess, make_telemetry: MakeTelemetry) -> Iterator[Gateway]:
    gateway = Gateway(ingest.port, make_telemetry)
    yield gateway
    gateway.connection.stop()


def keys(readings: list[Telemetry]) -> list[tuple[str, datetime]]:
    return sorted((reading.device_id, reading.sampled_at) for reading in readings)


def keys_in_lake(lake: ParquetLake) -> list[tuple[str, datetime]]:
    return [(row["device_id"], row["sampled_at"]) for row in lake.scan().to_pylist()]


def test_everything_published_is_in_the_lake_once_or_a_dead_letter(
    ingest: IngestProcess, gateway: Gateway, make_telemetry: MakeTelemetry
) -> None:
    gateway.publish(range(20))
    gateway.publish(range(5, 10))  # again: at least once
    gateway.connection.publish(topics.batch("gw-1"), write_telemetry([make_telemetry(device_id="stranger")]))
    gateway.connection.publish(topics.telemetry("dev-1"), b'{"device_id": "dev-1"}')
    ingest.wait_for_head(20 * READINGS_A_BATCH)
    time.sleep(0.2)

    assert ingest.end(signal.SIGTERM) == 0

    assert not ingest.ready_file.exists()
    assert keys_in_lake(ingest.lake) == sorted(set(keys(gateway.published)))
    log = SqliteReadingLog(ingest.log_path, read_only=True)
    assert log.head() == log.sealed() == 20 * READINGS_A_BATCH
    reasons = sorted(letter.reason.split(":")[0] for letter in log.letters())
    assert len(reasons) == 2
    assert "unknown device" in reasons
    log.close()


def test_loses_and_doubles_nothing_when_ingest_is_killed_again_and_again(
    ingest: IngestProcess, gateway: Gateway
) -> None:
    with under_load(gateway):
        for delay_s in (0.3, 0.6, 0.45, 0.2):
            time.sleep(delay_s)
            ingest.end(signal.SIGKILL)
            ingest.start()
    ingest.wait_for_head(len(gateway.published))

    assert ingest.end(signal.SIGTERM) == 0

    assert keys_in_lake(ingest.lake) == keys(gateway.published)
    assert readings_in_lake(ingest.lake) == len(gateway.published)


def test_loses_and_doubles_nothing_when_the_broker_is_killed(
    broker: Broker, ingest: IngestProcess, gateway: Gateway
) -> None:
    with under_load(gateway):
        for delay_s in (0.3, 0.5, 0.4):
            time.sleep(delay_s)
            broker.kill()
            broker.start()
    ingest.wait_for_head(len(gateway.published))

    assert ingest.end(signal.SIGTERM) == 0

    assert keys_in_lake(ingest.lake) == keys(gateway.published)


@pytest.mark.parametrize("kills", [5, pytest.param(200, marks=[pytest.mark.slow, pytest.mark.timeout(1700)])])
def test_loses_and_doubles_nothing_whoever_is_killed_at_random(
    broker: Broker, ingest: IngestProcess, gateway: Gateway, kills: int
) -> None:
    random = Random(kills)  # noqa: S311 (when and whom)
    gateway.pause_s = 0.02 if kills < 50 else 0.3
    with under_load(gateway):
        for _ in range(kills):
            time.sleep(random.uniform(0.05, 0.6))
            if random.random() < 0.3:
                broker.kill()
                broker.start()
            else:
                ingest.end(signal.SIGKILL)
                ingest.start()
    ingest.wait_for_head(len(gateway.published))

    assert ingest.end(signal.SIGTERM) == 0

    log = SqliteReadingLog(ingest.log_path, read_only=True)
    assert log.head() == len(gateway.published)  # none twice, in whatever order they came
    log.close()
    assert keys_in_lake(ingest.lake) == keys(gateway.published)


def test_workers_share_the_work_and_any_may_be_killed(
    ingest: IngestProcess, workers: list[IngestProcess], gateway: Gateway
) -> None:
    gateway.also_singly, gateway.pause_s = True, 0.3  # each reading to both of them
    with under_load(gateway):
        for worker in workers * 2:
            time.sleep(0.5)
            worker.end(signal.SIGKILL)
            worker.start()
        # While there is load: without it, one that has just been started again may have nothing to do.
        wait_for(lambda: all(worker.status.get("readings") for worker in workers))
    ingest.wait_for_head(len(gateway.published))
    time.sleep(3 * QUICK_ACK_WAIT_S)  # the broker repeats what the killed ones had in hand
    assert [worker.end(signal.SIGTERM) for worker in workers] == [0, 0]

    log = SqliteReadingLog(ingest.log_path, read_only=True)
    assert log.head() == log.sealed() == len(gateway.published)
    log.close()
    assert keys_in_lake(ingest.lake) == keys(gateway.published)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the place of the writer, so that nobody can commit."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def test_what_it_had_in_hand_and_could_not_commit_survives_a_kill(
    ingest: IngestProcess, gateway: Gateway
) -> None:
    with locked(ingest.log_path):
        gateway.publish(range(3))
        time.sleep(0.5)  # taken from the broker, and waiting for the lock
        ingest.end(signal.SIGKILL)

    ingest.start()

    ingest.wait_for_head(3 * READINGS_A_BATCH)


def test_goes_on_when_a_lock_is_gone(ingest: IngestProcess, gateway: Gateway) -> None:
    with locked(ingest.log_path):
        gateway.publish(range(3))
        wait_for(lambda: ingest.status.get("failing_since"))  # SQLite has waited; the broker has repeated

    ingest.wait_for_head(3 * READINGS_A_BATCH)
    assert ingest.end(signal.SIGTERM) == 0
    assert keys_in_lake(ingest.lake) == keys(gateway.published)


def test_tells_how_far_it_is_behind(ingest: IngestProcess, gateway: Gateway) -> None:
    gateway.publish(range(2))
    wait_for(lambda: ingest.status.get("readings") == 2 * READINGS_A_BATCH)
    assert ingest.status["oldest_age_s"] > 86_400  # they are of a day in the past
    with locked(ingest.log_path):
        gateway.publish(range(2, 4))
        wait_for(lambda: ingest.status["failing_since"] is not None)

    wait_for(lambda: ingest.status["failing_since"] is None)
    wait_for(lambda: ingest.status["unsealed_readings"] == 0)


def test_what_comes_while_ingest_is_away_waits_at_the_broker(ingest: IngestProcess, gateway: Gateway) -> None:
    ingest.end(signal.SIGTERM)
    gateway.publish(range(5))

    ingest.start()

    ingest.wait_for_head(5 * READINGS_A_BATCH)


def test_seals_at_once_when_asked(ingest: IngestProcess, gateway: Gateway) -> None:
    ingest.end(signal.SIGTERM)
    ingest.start(CLOUD_SEAL_INTERVAL_S="3600")
    gateway.publish(range(3))
    ingest.wait_for_head(3 * READINGS_A_BATCH)
    assert readings_in_lake(ingest.lake) == 0

    assert ingest.process is not None
    ingest.process.send_signal(signal.SIGUSR1)
    wait_until_sealed(ingest.log_path, 3 * READINGS_A_BATCH, TIMEOUT_S)

    assert readings_in_lake(ingest.lake) == 3 * READINGS_A_BATCH


def test_a_lost_log_goes_on_where_the_lake_ends(ingest: IngestProcess, gateway: Gateway) -> None:
    gateway.publish(range(3))
    ingest.wait_for_head(3 * READINGS_A_BATCH)
    ingest.end(signal.SIGTERM)
    for file in ingest.data_dir.glob("ingest.sqlite*"):
        file.unlink()

    ingest.start()
    gateway.publish(range(3, 5))
    ingest.wait_for_head(5 * READINGS_A_BATCH)
    ingest.end(signal.SIGTERM)

    assert readings_in_lake(ingest.lake) == 5 * READINGS_A_BATCH
