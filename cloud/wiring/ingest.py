"""The ingest process: the durable MQTT session into the reading log, and the log into the lake.

The worker has the main thread; sealer, deletion desk and network have one each. SIGUSR1 seals at once.
"""

import gc
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

import structlog

from cloud.adapters.mqtt_connection import MqttEndpoint
from cloud.adapters.mqtt_stream import MqttStream
from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.config import CloudSettings
from cloud.deletion_desk import DeletionDesk
from cloud.errors import UnavailableError
from cloud.ingest_worker import IngestWorker
from cloud.lake_sealer import LakeSealer, SealPolicy
from cloud.lake_upkeep import LakeUpkeep
from cloud.ports.ingest import CompactingLake, SealableLog
from cloud.quality.daily import AtTheDoor, DailyQuality
from cloud.registrations import CachedRegistrations
from cloud.wiring.lake import disk_watch, open_lake, open_reports, utc_today
from cloud.wiring.process import ready_file, stop_on_signals

CLIENT_ID = "ingest-0"
"""Names the durable session that makes a PUBACK mean "kept"; it must outlive the process."""

GC_ALLOCATIONS = 50_000
"""Python looks for circles, of which ingest makes none, once in so many objects."""

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
        policy = SealPolicy(settings.seal_rows, settings.seal_interval_s)
        quality = DailyQuality(lake, open_reports(settings), lambda: _counted(readings), _utc_now)
        watch = disk_watch(settings, lake)
        upkeep = LakeUpkeep(lake, settings.retention_days, watch, utc_today, quality.look)
        sealer = LakeSealer(readings, lake, policy, upkeep=upkeep.look_after)
        worker = IngestWorker(stream, readings, CachedRegistrations(state), _utc_now, Random())  # noqa: S311 (the same)
        desk = DeletionDesk(state, readings, lake, quality, state.scrub, _utc_now)
        return _serve(settings, stop, stream, worker, _Beside(sealer, desk))


def _counted(readings: SqliteReadingLog) -> AtTheDoor:
    return AtTheDoor(readings.standings(), readings.clocks_ahead())


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
    beside: "_Beside",
) -> int:
    with beside.at_work(stop) as failed:

        def seal_now(_signal: int, _frame: object) -> None:
            beside.sealer.request()
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


@dataclass(frozen=True, slots=True)
class _Beside:
    """What is done beside ingesting, each on a thread of its own."""

    sealer: LakeSealer
    desk: DeletionDesk

    @contextmanager
    def at_work(self, stop: threading.Event) -> Iterator[threading.Event]:
        """Do it during the block; gives an event that is set when one fails, which ends the process."""
        failed = threading.Event()

        def work(run: Callable[[threading.Event], None], name: str) -> None:
            try:
                run(stop)
            except Exception:
                log.exception("thread_failed", thread=name)
                failed.set()
                stop.set()

        works = {"sealer": self.sealer.run, "deletion_desk": self.desk.run}
        threads = [threading.Thread(target=work, args=(run, name), name=name) for name, run in works.items()]
        for thread in threads:
            thread.start()
        try:
            yield failed
        finally:
            stop.set()
            self.sealer.request()
            for thread in threads:
                thread.join()


def _endpoint(settings: CloudSettings) -> MqttEndpoint:
    password = settings.mqtt_password.get_secret_value()
    return MqttEndpoint(settings.mqtt_host, settings.mqtt_port, settings.mqtt_username, password)


def _utc_now() -> datetime:
    return datetime.now(UTC)
