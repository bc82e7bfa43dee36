"""What `ac-advisor lake` does and tells."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.config import CloudSettings
from cloud.forgetting import forget
from cloud.ports.ingest import Forgetting
from cloud.wiring.lake import daily_quality, disk_watch, open_lake
from infra.local.broker import store_of
from infra.local.ingest_lag import read_statuses
from infra.local.listings import NothingThereError


def report(data_dir: Path) -> dict[str, Any]:
    """What is in the lake, by its manifest, and how much of the disk budgets is used.

    Rows are those in files: a reading that came again with other content counts until its day is merged.

    Raises:
        NothingThereError: No stack has run here, and no simulation.
        UnavailableError: The lake cannot be read now.
    """
    if not data_dir.exists():
        raise NothingThereError(data_dir)
    settings = CloudSettings(data_dir=data_dir, broker_dir=store_of(data_dir / "broker", "cloud"))
    lake = open_lake(settings)
    snapshot = lake.snapshot()
    files, days = snapshot.listing(), snapshot.days()
    rows, size_bytes = sum(file.rows for file in files), lake.size_bytes()
    return {
        "version": snapshot.version,
        "files": len(files),
        "rows": rows,
        "size_bytes": size_bytes,
        "bytes_per_row": round(size_bytes / rows, 1) if rows else None,
        "days": len(days),
        "first_day": str(days[0]) if days else None,
        "last_day": str(days[-1]) if days else None,
        "replaced_files": len(snapshot.snapshot.retired),
        "retention_days": settings.retention_days,
        "ingest": read_statuses(data_dir),
        "disk": {
            name: {**asdict(use), "used_ratio": round(use.used_ratio, 4), "state": use.state}
            for name, use in disk_watch(settings, lake).look().items()
        },
    }


def forget_devices(data_dir: Path, device_ids: Sequence[str]) -> Forgetting:
    """Remove what devices have said until now, while the stack runs or not.

    Raises:
        NothingThereError: No stack has run here.
        UnavailableError: Some of it is still there.
    """
    path = data_dir / "ingest.sqlite"
    if not path.exists():
        raise NothingThereError(data_dir)
    settings = CloudSettings(data_dir=data_dir)
    with closing(SqliteReadingLog(path)) as readings, closing(open_lake(settings)) as lake:
        done = forget(readings, lake, device_ids)
        daily_quality(settings, lake).forget(device_ids)
    return done
