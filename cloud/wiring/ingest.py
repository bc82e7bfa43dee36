"""The ingest process: the durable MQTT session into the reading log, and the log into the lake.

The worker has the main thread; sealer, deletion desk and network have one each. SIGUSR1 seals at once.
"""

import gc
import signal
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

import structlog

from cloud.adapters.file_lake import FileLake
from cloud.adapters.file_lock import FileLock
from cloud.adapters.mqtt_connection import MqttEndpoint
from cloud.adapters.mqtt_stream import MqttStream
from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.config import CloudSettings
from cloud.deletion_desk import DeletionDesk
from cloud.errors import UnavailableError
from cloud.ingest_status import IngestMeter, IngestStatus, write_status
from cloud.ingest_worker import IngestWorker
from cloud.lake_sealer import LakeSealer, SealPolicy
from cloud.ports.ingest import CompactingLake, SealableLog
from cloud.quality.daily import AtTheDoor
from cloud.registrations import CachedRegistrations
from cloud.wiring.lake import daily_quality, lake_upkeep, open_lake, utc_now
from cloud.wiring.process import ready_file, stop_on_signals
from cloud.wiring.sealing import Sealing
from edge.contract import topics

CLIENT_ID = "ingest-0"
"""Names the durable session that makes a PUBACK mean "kept"; it must outlive the process."""

GC_ALLOCATIONS = 50_000
"""Python looks for circles, of which ingest makes none, once in so many objects."""

STATUS_S = 1.0
"""How often the status is written [s]."""

FILTERS: Final = {"telemetry": topics.TELEMETRY, "batch": topics.BATCH, "event": topics.EVENT}
"""The parts of the work that workers may share: MQTT 3.1.1 cannot divide a topic among sessions."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


def run(settings: CloudSettings) -> int:
    """Ingest until SIGTERM; returns the exit status."""
    parts = [part for part in FILTERS if part in settings.ingest_topics.split(",")]
    name = worker_name(parts)
    filters = [FILTERS[part] for part in parts]
    session = CLIENT_ID if len(parts) == len(FILTERS) else name
    stream = MqttStream(_endpoint(settings), session, Random(), filters)  # noqa: S311 (jitter, no secret)
    stop = stop_on_signals(stream.wake)
    gc.freeze()  # what was imported stays; each message is three objects that refer to nothing but bytes
    gc.set_threshold(GC_ALLOCATIONS, 20, 20)
    (settings.data_dir / "run" / f"{name}.ready").unlink(missing_ok=True)  # of a process that was killed
    try:
        readings = SqliteReadingLog(settings.data_dir / "ingest.sqlite")
        state = SqliteStateStore(settings.data_dir / "state.sqlite")
    except UnavailableError as error:
        log.error("ingest_not_started", reason=str(error))  # noqa: TRY400 (one clear line)
        return 1
    lake = open_lake(settings)
    with closing(readings), closing(state), closing(lake):
        join(readings, lake)
        teller = _Teller(settings.data_dir / "run" / f"{name}.status.json", session, parts, stream, readings)
        worker = IngestWorker(
            stream,
            readings,
            CachedRegistrations(state),
            utc_now,
            Random(),  # noqa: S311 (the same)
            teller.meter,
            teller.look,
        )
        sealing = Sealing(
            partial(_make_keepers, settings, readings, state, lake),
            FileLock(settings.data_dir / "run" / "sealer.lock"),
            stop,
        )
        status = _serve(settings.data_dir, name, stream, worker, sealing)
        teller.path.unlink(missing_ok=True)  # one that stays tells that its worker was killed
        return status


def worker_name(parts: Sequence[str]) -> str:
    """What a worker that takes these parts calls its files and, unless it takes all, its session."""
    return "ingest" if len(parts) == len(FILTERS) else "-".join(["ingest", *parts])


def join(readings: SealableLog, lake: CompactingLake) -> None:
    """Let a log that is new, or was restored, go on where the lake ends: positions must not come twice."""
    newest = lake.newest_position()
    if newest > readings.head():
        log.warning("log_is_behind_lake", log_position=readings.head(), lake_position=newest)
        readings.continue_after(newest)


def _make_keepers(
    settings: CloudSettings, readings: SqliteReadingLog, state: SqliteStateStore, lake: FileLake
) -> tuple[LakeSealer, DeletionDesk]:
    def counted() -> AtTheDoor:
        return AtTheDoor(readings.standings(), readings.clocks_ahead())

    policy = SealPolicy(settings.seal_rows, settings.seal_interval_s, settings.log_batches_bytes)
    quality = daily_quality(settings, lake, counted)
    upkeep = lake_upkeep(settings, lake, quality)
    sealer = LakeSealer(readings, lake, policy, upkeep=upkeep.look_after)
    return sealer, DeletionDesk(state, readings, lake, quality, state.scrub, utc_now)


def _serve(data_dir: Path, name: str, stream: MqttStream, worker: IngestWorker, sealing: Sealing) -> int:
    with sealing:

        def seal_now(_signal: int, _frame: object) -> None:
            sealing.request()
            stream.wake()

        signal.signal(signal.SIGUSR1, seal_now)
        stream.start()
        try:
            while not sealing.stop.is_set() and not stream.connected.wait(0.1):
                pass
            if not sealing.stop.is_set():
                with ready_file(data_dir, name):
                    worker.run(sealing.stop)
        finally:
            stream.stop()
    return 1 if sealing.failed else 0


@dataclass(slots=True)
class _Teller:
    """Writes the status of this worker, about once a second."""

    path: Path
    session: str
    parts: Sequence[str]
    stream: MqttStream
    readings: SealableLog
    meter: IngestMeter = field(default_factory=IngestMeter)
    _told_s: float = field(default_factory=time.monotonic)

    def look(self) -> None:
        """Write it, if it is time; a status that cannot be written is no reason to stop."""
        now_s = time.monotonic()
        if now_s - self._told_s < STATUS_S:
            return
        with suppress(OSError, UnavailableError):
            write_status(self.path, self._status(now_s - self._told_s))
        self.meter.begin_interval()
        self._told_s = now_s

    def _status(self, interval_s: float) -> IngestStatus:
        meter = self.meter
        return IngestStatus(
            at=utc_now(),
            session=self.session,
            topics=self.parts,
            connected=self.stream.connected.is_set(),
            readings=meter.readings,
            dead_letters=meter.dead_letters,
            readings_per_s=round(meter.interval_readings / interval_s, 1),
            waiting_bytes=self.stream.waiting_bytes,
            oldest_age_s=meter.oldest_age_s,
            longest_commit_s=round(meter.longest_commit_s, 4),
            failing_since=meter.failing_since,
            unsealed_readings=self.readings.head() - self.readings.sealed(),
        )


def _endpoint(settings: CloudSettings) -> MqttEndpoint:
    password = settings.mqtt_password.get_secret_value()
    return MqttEndpoint(settings.mqtt_host, settings.mqtt_port, settings.mqtt_username, password)
