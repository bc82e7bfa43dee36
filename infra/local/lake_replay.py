"""What `ac-advisor lake replay` and `lake upkeep` do.

A replay gives readings of a span of time, from where they are, to where they are missing. Each keeps its
place in the log, so that it is there once however often it is replayed, and a newer arrival stays the newer.
"""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from time import sleep
from typing import Any, Final

import pyarrow as pa

from cloud.adapters.file_lake import FileLake
from cloud.adapters.lake_batches import LakeBatches
from cloud.adapters.lake_files import LakeFiles, LocalFiles
from cloud.adapters.lake_history import Span, rows_of_lake, rows_of_log
from cloud.adapters.lake_runs import write_rows
from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.adapters.sqlite_restore import put_back
from cloud.config import CloudSettings
from cloud.errors import UnavailableError
from cloud.kinesis_batch import KinesisEvent, ingest_batch
from cloud.registrations import CachedRegistrations
from cloud.retry import full_jitter_s
from cloud.wiring.ingest import join
from cloud.wiring.lake import daily_quality, lake_files, lake_upkeep, open_lake
from cloud.wiring.state import has_state, open_state
from infra.local.errors import LocalError
from infra.local.listings import NothingThereError

KINESIS: Final = "kinesis:"
ATTEMPTS: Final = 8
"""How often a batch is given to a lake that does not take it."""


class ReplayError(LocalError):
    """This cannot be replayed there."""


@dataclass(frozen=True, slots=True)
class Places:
    """From where to where: `lake` and `log` of the installation, a folder, `s3://…`, or `kinesis:STREAM`."""

    source: str
    into: str

    def check(self, *, some_devices: bool) -> None:
        """Refuse what has no meaning.

        Raises:
            ReplayError: As it says.
        """
        if self.source == self.into:
            raise ReplayError(f"readings are replayed from {self.source} into something else")
        if self.into.startswith(KINESIS):
            raise ReplayError("nothing is replayed into Kinesis")
        if self.source.startswith(KINESIS) and self.into == "log":
            raise ReplayError(
                "what Kinesis holds has no place in the log of a machine: replay it into a lake"
            )
        if self.source.startswith(KINESIS) and some_devices:
            raise ReplayError("a record may hold several devices: from Kinesis all are replayed")


def replay(data_dir: Path, places: Places, span: Span) -> dict[str, Any]:
    """Give readings from one place to another.

    Args:
        data_dir: Of the installation, whose stack may run.
        places: From where to where.
        span: Which readings; from Kinesis, which arrivals.

    Raises:
        ReplayError: This cannot be replayed there.
        NothingThereError: There is no log.
        RejectedError: The log has given these places to other readings.
        UnavailableError: Not everything was replayed; the same command again goes on.
    """
    places.check(some_devices=bool(span.device_ids))
    settings = CloudSettings(data_dir=data_dir)
    if places.source.startswith(KINESIS):
        return _replay_stream(settings, places, span.start, span.end)
    if places.into == "log":
        return _replay_into_log(settings, FileLake(_files_at(places.source, settings)), span)
    target = FileLake(_files_at(places.into, settings))
    with closing(target):
        if places.source == "log":
            with closing(_log_of(settings)) as log:
                return _write(target, rows_of_log(log, span))
        with closing(FileLake(_files_at(places.source, settings))) as source:
            return _write(target, rows_of_lake(source, span))


def look_after(data_dir: Path) -> dict[str, Any]:
    """Merge small files, let old days go, remove what was replaced, report on the day before: for a schedule.

    Raises:
        UnavailableError: Not all was done; it is due again next time.
    """
    settings = CloudSettings(data_dir=data_dir)
    with closing(open_lake(settings)) as lake:
        merged = sum(lake.compact(day) for day in lake.days())
        lake_upkeep(settings, lake, daily_quality(settings, lake)).look_after()
        return {"files_merged": merged, "files": len(lake.snapshot().listing())}


def _write(lake: FileLake, tables: Iterable[pa.Table]) -> dict[str, Any]:
    rows = 0
    for table in tables:
        write_rows(lake, table)
        rows += table.num_rows
    return {"readings": rows}


def _replay_into_log(settings: CloudSettings, lake: FileLake, span: Span) -> dict[str, Any]:
    """Into a log that is there, or into a new one, which then goes on behind the lake."""
    path = settings.data_dir / "ingest.sqlite"
    with closing(lake), closing(SqliteReadingLog(path)) as log:
        if not log.head():  # one that holds readings would take those that are not in the lake for sealed
            with closing(open_lake(settings)) as own:
                join(log, own)
        forgotten = lake.snapshot().snapshot.forgotten
        restored = put_back(path, rows_of_lake(lake, span), log.head())
        if lake.snapshot().snapshot.forgotten != forgotten:
            raise ReplayError("devices were forgotten meanwhile: give `ac-advisor lake forget` once more")
    return {"readings": restored}


def _replay_stream(settings: CloudSettings, places: Places, start: datetime, end: datetime) -> dict[str, Any]:
    from cloud.adapters.kinesis_records import KinesisRecords  # noqa: PLC0415 (boto3 comes with the extra `aws`)

    if not has_state(settings):
        raise NothingThereError(settings.data_dir)
    files = _files_at(places.into, settings)
    with (
        closing(FileLake(files)) as lake,
        closing(open_state(settings)) as state,
        closing(KinesisRecords(places.source.removeprefix(KINESIS))) as stream,
    ):
        store, registrations = LakeBatches(lake, files), CachedRegistrations(state)
        records = 0
        for event in stream.events(start, end):
            _keep(event, registrations, store)
            records += len(event["Records"])
    return {"records": records}


def _keep(event: KinesisEvent, registrations: CachedRegistrations, store: LakeBatches) -> None:
    """Until all of it is kept; what is kept already does no harm."""
    random = Random()  # noqa: S311 (jitter, no secret)
    for attempts in range(ATTEMPTS):
        if not ingest_batch(event, registrations, store)["batchItemFailures"]:
            return
        sleep(full_jitter_s(attempts, random))
    raise UnavailableError(f"a batch was not taken {ATTEMPTS} times")


def _log_of(settings: CloudSettings) -> SqliteReadingLog:
    path = settings.data_dir / "ingest.sqlite"
    if not path.exists():
        raise NothingThereError(settings.data_dir)
    return SqliteReadingLog(path, read_only=True)


def _files_at(where: str, settings: CloudSettings) -> LakeFiles:
    """The files of a lake: the installation's, on S3, or in a folder."""
    if where == "lake":
        return lake_files(settings)
    if where.startswith("s3://"):
        return lake_files(settings.model_copy(update={"lake": where}))
    return LocalFiles(Path(where))
