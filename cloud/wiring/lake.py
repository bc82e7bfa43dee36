"""Where the lake is, and what it may take, by the settings."""

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

from cloud.adapters.file_lake import FileLake
from cloud.adapters.file_reports import FileReports
from cloud.adapters.lake_files import LakeFiles, LocalFiles
from cloud.config import CloudSettings
from cloud.disk_budget import DiskUse, DiskWatch
from cloud.lake_upkeep import LakeUpkeep
from cloud.ports.ingest import CompactingLake
from cloud.quality.daily import AtTheDoor, DailyQuality


def open_lake(settings: CloudSettings) -> FileLake:
    """The lake of this installation, for writing and reading."""
    return FileLake(lake_files(settings))


def open_reports(settings: CloudSettings) -> FileReports:
    """The daily quality reports, which are among the lake's files."""
    return FileReports(lake_files(settings))


def daily_quality(
    settings: CloudSettings, lake: CompactingLake, counted: Callable[[], AtTheDoor] = AtTheDoor
) -> DailyQuality:
    """Who makes those reports; `counted` tells what was seen as readings came, where a log tells."""
    return DailyQuality(lake, open_reports(settings), counted, utc_now)


def lake_upkeep(settings: CloudSettings, lake: CompactingLake, quality: DailyQuality) -> LakeUpkeep:
    """Who looks after the lake from time to time."""
    return LakeUpkeep(lake, settings.retention_days, disk_watch(settings, lake), utc_today, quality.look)


def lake_files(settings: CloudSettings) -> LakeFiles:
    """The files of the lake, and of what lies beside the readings."""
    if settings.lake:
        from cloud.adapters.s3_files import s3_files  # noqa: PLC0415 (boto3 comes with the extra `aws`)

        return s3_files(settings.lake, settings.s3_endpoint_url)
    return LocalFiles(settings.data_dir / "lake" / "telemetry")


def disk_watch(settings: CloudSettings, lake: CompactingLake) -> DiskWatch:
    """The budgets of the lake and, where its files are known, of the broker."""

    def of_lake() -> DiskUse:
        return DiskUse(lake.size_bytes(), settings.disk_budget_lake_bytes)

    measures = {"lake": of_lake}
    if settings.broker_dir is not None:
        broker_dir = settings.broker_dir

        def of_broker() -> DiskUse:
            return DiskUse(_folder_bytes(broker_dir), settings.disk_budget_broker_bytes)

        measures["broker"] = of_broker
    return DiskWatch(measures)


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


def utc_today() -> date:
    """The UTC day of the wall clock."""
    return utc_now().date()


def _folder_bytes(folder: Path) -> int:
    """What the files below a folder take; one that goes meanwhile takes nothing [bytes]."""
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                total += (Path(path) / name).stat().st_size
    return total
