"""Where advisor and API find what came of late, by the settings."""

from datetime import datetime
from typing import Final

from cloud.adapters.lake_letters import LakeLetters
from cloud.adapters.lake_readings import LakeReadings
from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.config import CloudSettings
from cloud.reading_rows import instant_of
from cloud.wiring.lake import lake_files, open_lake, utc_now
from edge.contract import DeviceId

LOG: Final = "ingest.sqlite"


def open_readings(settings: CloudSettings) -> SqliteReadingLog | LakeReadings:
    """The readings of this installation; a log's file is opened when it is first asked, for ingest makes it.

    Raises:
        UnavailableError: They cannot be opened.
    """
    if settings.readings == "lake":
        return LakeReadings(open_lake(settings), lake_files(settings), utc_now)
    return SqliteReadingLog(settings.data_dir / LOG, read_only=True)


def open_letters(settings: CloudSettings, *, read_only: bool = False) -> SqliteReadingLog | LakeLetters:
    """What was refused, where readings come: in ingest's log, or in objects beside the lake.

    Args:
        settings: Of this installation.
        read_only: A log's file is opened when it is first asked, as `open_readings` does.

    Raises:
        UnavailableError: The log cannot be opened.
    """
    if settings.readings == "lake":
        return LakeLetters(open_lake(settings), lake_files(settings), utc_now)
    return SqliteReadingLog(settings.data_dir / LOG, read_only=read_only)


def has_readings(settings: CloudSettings) -> bool:
    """Whether anything may have been taken in here: a look should make no log."""
    return settings.readings == "lake" or (settings.data_dir / LOG).exists()


def newest_by_device(settings: CloudSettings) -> dict[DeviceId, datetime]:
    """When each device was heard last; none where nothing was ever taken in.

    Raises:
        UnavailableError: It cannot be told now.
    """
    readings = open_readings(settings)
    try:
        if isinstance(readings, LakeReadings):
            return readings.newest()
        if not has_readings(settings):
            return {}
        return {
            device_id: instant_of(count.sampled_at_ms)
            for device_id, count in readings.standings().items()
            if count.sampled_at_ms is not None
        }
    finally:
        readings.close()
