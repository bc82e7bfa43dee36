"""What `doctor` looks at where a stack has run: disks, lake, sealing, dead letters, deletions."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from cloud.adapters.file_lake import FileSnapshot
from cloud.adapters.lake_manifest import LakeFile
from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.config import CloudSettings
from cloud.deletion import open_requests
from cloud.disk_budget import DiskUse
from cloud.errors import CloudError
from cloud.monitoring.round import newest_report
from cloud.ports.deletion import DOERS
from cloud.ports.telemetry import LetterQuery
from cloud.wiring.lake import disk_watch, open_lake, utc_today
from cloud.wiring.readings import has_readings, open_letters
from cloud.wiring.state import open_state
from infra.local.broker import store_of
from infra.local.preflight import Finding

SEALED_WITHIN = timedelta(minutes=5)
"""Ingest that runs has moved a reading into the lake by then, or says in its log why not."""

DELETED_WITHIN = timedelta(minutes=10)
"""A stack that runs has carried out a deletion by then."""

MONITORED_WITHIN = timedelta(minutes=30)
"""`up` monitors every five minutes."""

_MORE_ROOM = {
    "lake": "keep fewer days with CLOUD_RETENTION_DAYS, or give it more with CLOUD_DISK_BUDGET_LAKE_BYTES",
    "broker": "see in log/ingest.log why ingest does not take its messages, or give it more with"
    " CLOUD_DISK_BUDGET_BROKER_BYTES",
}
_INGEST = "start `ac-advisor up`, or see log/ingest.log"


def examine_stack(data_dir: Path) -> Iterator[Finding]:
    """Every check, also when one fails; none where no stack has run."""
    settings = CloudSettings(data_dir=data_dir)
    if not has_readings(settings):
        return
    if settings.readings == "log":
        settings = settings.model_copy(update={"broker_dir": store_of(data_dir / "broker", "cloud")})
    checks: dict[str, Callable[[CloudSettings], Iterator[Finding]]] = {
        "disk budgets": _disks,
        "lake": _lake,
        **({"sealing": _sealing} if settings.readings == "log" else {}),
        "dead letters": _letters,
        "deletions": _deletions,
        "monitoring": _monitoring,
    }
    for name, check in checks.items():
        try:
            yield from check(settings)
        except (CloudError, OSError) as error:
            yield Finding(name, f"cannot be told: {error}")


def _disks(settings: CloudSettings) -> Iterator[Finding]:
    with closing(open_lake(settings)) as lake:
        for name, use in disk_watch(settings, lake).look().items():
            yield _disk(name, use)


def _disk(name: str, use: DiskUse) -> Finding:
    fact = f"{use.used_ratio:.1%} of {use.budget_bytes / 1024**3:.3g} GiB"
    is_ok = use.state == "ok"
    return Finding(f"disk budget of the {name}", None if is_ok else f"{fact} used: {_MORE_ROOM[name]}", fact)


def _lake(settings: CloudSettings) -> Iterator[Finding]:
    with closing(open_lake(settings)) as lake:
        snapshot = lake.snapshot()
        bad = _unreadable(snapshot, at_hand=not settings.lake)
        bad &= {file.name for file in lake.snapshot().listing()}  # merged meanwhile: none of its any more
        days, files = snapshot.days(), snapshot.listing()
        problem = None
        if bad:
            problem = (
                f"{len(bad)} of {len(files)} files are missing or damaged, such as {min(bad)}: restore them "
                "from a backup; what the log still has of their days is in ingest.sqlite"
            )
        yield Finding("files of the lake", problem, f"{len(files)} in version {snapshot.version}")
        age_days = (utc_today() - days[-1]).days if days else None
        fact = "none" if age_days is None else f"{days[-1]}, {age_days} days ago"
        yield Finding("newest day in the lake", None, fact)


def _unreadable(snapshot: FileSnapshot, *, at_hand: bool) -> set[str]:
    """Files that the manifest names and that are not there, or, on this machine, not as they were written."""
    there = set(snapshot.store.files.names("day="))
    files = snapshot.listing()
    missing = {file.name for file in files if file.name not in there}
    present = [file for file in files if file.name in there] if at_hand else []
    return missing | {file.name for file in present if not _is_sound(snapshot, file)}


def _is_sound(snapshot: FileSnapshot, file: LakeFile) -> bool:
    try:
        with snapshot.store.files.local([file.name]) as (path,):
            return (
                Path(path).stat().st_size == file.size_bytes and pq.read_metadata(path).num_rows == file.rows
            )
    except (CloudError, OSError, pa.ArrowInvalid):
        return False


def _sealing(settings: CloudSettings) -> Iterator[Finding]:
    """Readings that wait while nobody writes the log have been left behind."""
    path = settings.data_dir / "ingest.sqlite"
    with closing(SqliteReadingLog(path, read_only=True)) as log:
        waiting = log.head() - log.sealed()
    journal = path.with_name("ingest.sqlite-wal")
    written_at = max(each.stat().st_mtime for each in (path, journal) if each.exists())
    is_late = datetime.now(UTC).timestamp() - written_at > SEALED_WITHIN.total_seconds()
    problem = f"{waiting} readings are not in the lake: {_INGEST}" if waiting and is_late else None
    yield Finding("readings on their way to the lake", problem, str(waiting))


def _letters(settings: CloudSettings) -> Iterator[Finding]:
    with closing(open_letters(settings)) as letters:
        found = sum(letters.reasons(LetterQuery(replayed=False)).values())
    problem = None
    if found:
        problem = f"{found} open: `ac-advisor deadletters` lists them, `deadletters explain ID` says the fix"
    yield Finding("dead letters", problem, "none open")


def _deletions(settings: CloudSettings) -> Iterator[Finding]:
    now = datetime.now(UTC)
    with closing(open_state(settings)) as state:
        asked = {doer: [each.asked_at for _, each in open_requests(state, doer)] for doer in DOERS}
    late = [doer for doer, times in asked.items() if times and now - min(times) > DELETED_WITHIN]
    problem = (
        f"{', '.join(late)} has not forgotten what people have deleted: {_who(settings)}" if late else None
    )
    yield Finding("deletions on their way", problem, str(sum(map(len, asked.values()))))


def _who(settings: CloudSettings) -> str:
    return _INGEST if settings.readings == "log" else "see the logs of the advisor and of the job Forget"


def _monitoring(settings: CloudSettings) -> Iterator[Finding]:
    """Whoever watches is watched here; where nothing has monitored yet, nothing is missed."""
    with closing(open_state(settings)) as state:
        report = newest_report(state)
    if report is None:
        return
    is_old = datetime.now(UTC) - report.at > MONITORED_WITHIN
    old = f"nobody has monitored since {report.at.isoformat(timespec='seconds')}: see log/trainer.log"
    yield Finding("monitoring", old if is_old else None, report.at.isoformat(timespec="seconds"))
    names = sorted({alarm.alarm for alarm in report.raised})
    told = f"{', '.join(names)}: `ac-advisor monitor` says where and what to do" if names else None
    yield Finding("alarms", told, "none")
