"""Where advisor and API find what came of late, by the settings."""

from datetime import datetime

from cloud.adapters.lake_readings import LakeReadings
from cloud.adapters.object_letters import ObjectLetters
from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.config import CloudSettings
from cloud.ports.telemetry import DeadLetters
from cloud.reading_rows import instant_of
from cloud.wiring.lake import lake_files, open_lake, utc_now
from edge.contract import DeviceId


def open_readings(settings: CloudSettings) -> SqliteReadingLog | LakeReadings:
    """The readings of this installation; a log's file is opened when it is first asked, for ingest makes it.

    Raises:
        UnavailableError: They cannot be opened.
    """
    if settings.readings == "lake":
        return LakeReadings(open_lake(settings), lake_files(settings), utc_now)
    return SqliteReadingLog(settings.data_dir / "ingest.sqlite", read_only=True)


def open_letters(settings: CloudSettings) -> DeadLetters:
    """What ingest has refused; beside the readings, and opened as they are."""
    if settings.readings == "lake":
        return ObjectLetters(lake_files(settings))
    return SqliteReadingLog(settings.data_dir / "ingest.sqlite", read_only=True)


def newest_by_device(settings: CloudSettings) -> dict[DeviceId, datetime]:
    """When each device was heard last; none where nothing was ever taken in.

    Raises:
        UnavailableError: It cannot be told now.
    """
    readings = open_readings(settings)
    try:
        if isinstance(readings, LakeReadings):
            return readings.newest()
        if not (settings.data_dir / "ingest.sqlite").exists():
            return {}
        return {
            device_id: instant_of(count.sampled_at_ms)
            for device_id, count in readings.standings().items()
            if count.sampled_at_ms is not None
        }
    finally:
        readings.close()
