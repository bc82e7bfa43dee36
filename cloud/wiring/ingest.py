"""The ingest process: the durable MQTT session into the reading log, and the log into the lake.

The worker has the main thread, the sealer one of its own, the network another. SIGUSR1 seals at once.
"""

import gc
import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from random import Random

import structlog

from cloud.adapters.mqtt_connection import MqttEndpoint
from cloud.adapters.mqtt_stream import MqttStream
from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.config import CloudSettings
from cloud.errors import UnavailableError
from cloud.ingest_worker import IngestWorker
from cloud.lake_sealer import LakeSealer, SealPolicy
from cloud.lake_upkeep import LakeUpkeep
from cloud.ports.ingest import CompactingLake, SealableLog
from cloud.registrations import CachedRegistrations
from cloud.wiring.lake import disk_watch, open_lake, utc_today
from cloud.wiring.process import ready_file, stop_on_signals

CLIENT_ID = "ingest-0"
"""Names the durable session that makes a PUBACK mean "kept"; it must outlive the process."""

GC_ALLOCATIONS = 50_000
"""Python looks for circles, of which ingest makes none, once in so many objects."""

SEALER_STOP_S = 7.0
"""How long a clean stop waits for the sealer [s]; a supervisor kills after ten."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


def run(settings: CloudSettings) -> int:
    """Ingest until SIGTERM; returns the exit status."""
    stream = MqttStream(_endpoint(settings), CLIENT_ID, Random())  # noqa: S311 (jitter, no secret)
    stop = stop_on_signals(stream.wake)
    gc.freeze()  # what was imported stays; each message is three objects that refer to nothing but bytes
    gc.set_threshold(GC_ALLOCATIONS, 20, 20)
    (settings.data_dir / "run" / "ingest.ready").unlink(missing_ok=True)  # of a process that was killed
    try:
        readings = SqliteReadingLog(settings.data_dir / "ingest.sqlite")
        state = SqliteStateStore(settings.data_dir / "state.sqlite")
    except UnavailableError as error:
        log.error("ingest_not_started", reason=str(error))  # noqa: TRY400 (one clear line)
        return 1
    lake = open_lake(settings)
    with closing(readings), closing(state), closing(lake):
        join(readings, lake)
        policy = SealPolicy(settings.seal_rows, settings.seal_interval_s, settings.log_batches_bytes)
        upkeep = LakeUpkeep(lake, settings.retention_days, disk_watch(settings, lake), utc_today)
        sealer = LakeSealer(readings, lake, policy, upkeep=upkeep.look_after)
        worker = IngestWorker(stream, readings, CachedRegistrations(state), _utc_now, Random())  # noqa: S311 (the same)
        return _serve(settings, stop, stream, worker, sealer)


def join(readings: SealableLog, lake: CompactingLake) -> None:
    """Let a log that is new, or was restored, go on where the lake ends: positions must not come twice."""
    newest = lake.newest_position()
    if newest > readings.head():
        log.warning("log_is_behind_lake", log_position=readings.head(), lake_position=newest)
        readings.continue_after(newest)


def _serve(
    settings: CloudSettings,
    stop: threading.Event,
    stream: MqttStream,
    worker: IngestWorker,
    sealer: LakeSealer,
) -> int:
    with _sealing(sealer, stop) as failed:

        def seal_now(_signal: int, _frame: object) -> None:
            sealer.request()
            stream.wake()

        signal.signal(signal.SIGUSR1, seal_now)
        stream.start()
        try:
            while not stop.is_set() and not stream.connected.wait(0.1):
                pass
            if not stop.is_set():
                with ready_file(settings.data_dir, "ingest"):
                    worker.run(stop)
        finally:
            stream.stop()
            stop.set()
    return 1 if failed.is_set() else 0


@contextmanager
def _sealing(sealer: LakeSealer, stop: threading.Event) -> Iterator[threading.Event]:
    """Run the sealer beside the block; gives an event that is set when it fails, which ends the process."""
    failed = threading.Event()

    def seal() -> None:
        try:
            sealer.run(stop)
        except Exception:
            log.exception("sealer_failed")
            failed.set()
            stop.set()

    thread = threading.Thread(target=seal, name="sealer", daemon=True)
    thread.start()
    try:
        yield failed
    finally:
        stop.set()
        sealer.request()
        thread.join(SEALER_STOP_S)
        if thread.is_alive():  # in the middle of a run of very many days: as if killed, it is written again
            log.warning("sealing_given_up", after_s=SEALER_STOP_S)
            logging.shutdown()
            os._exit(1 if failed.is_set() else 0)


def _endpoint(settings: CloudSettings) -> MqttEndpoint:
    password = settings.mqtt_password.get_secret_value()
    return MqttEndpoint(settings.mqtt_host, settings.mqtt_port, settings.mqtt_username, password)


def _utc_now() -> datetime:
    return datetime.now(UTC)
