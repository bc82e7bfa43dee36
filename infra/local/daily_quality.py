"""The quality report of one day of a data directory: flags from the lake, and what the log misses."""

from contextlib import closing
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.config import CloudSettings
from cloud.quality.report import DeviceQuality, QualityReport, report, window_of
from cloud.quality.rules import RULES
from cloud.reading_rows import instant_of
from cloud.seq_gaps import SeqCount
from cloud.wiring.lake import open_lake
from infra.local.errors import LocalError


class NoReadingsError(LocalError):
    """There is nothing to report on."""

    def __init__(self, data_dir: Path, day: date | None) -> None:
        when = "" if day is None else f" of {day.isoformat()}"
        super().__init__(f"the lake of {data_dir} has no readings{when}: give --data-dir or another --day")


def quality_of(data_dir: Path, day: date | None) -> dict[str, Any]:
    """The report of a UTC day; without one of the newest that is over.

    Raises:
        NoReadingsError: The lake has none.
        UnavailableError: The lake cannot be read.
    """
    lake = open_lake(CloudSettings(data_dir=data_dir))
    days = lake.days()
    if not days or (day is not None and day not in days):
        raise NoReadingsError(data_dir, day)
    chosen = day or days[-2:][0]  # the newest goes on
    found = report(lake.scan(*window_of(chosen)), chosen)
    return _document(found, _standings(data_dir))


def _standings(data_dir: Path) -> dict[str, SeqCount]:
    """What the log knows of each device; nothing where telemetry came without one, as from `sim`."""
    path = data_dir / "ingest.sqlite"
    if not path.exists():
        return {}
    with closing(SqliteReadingLog(path, read_only=True)) as log:
        return log.standings()


def _document(found: QualityReport, standings: dict[str, SeqCount]) -> dict[str, Any]:
    flagged = found.flagged()
    return {
        "day": found.day.isoformat(),
        "devices": len(found.devices),
        "readings": found.readings,
        "missing": found.missing,
        "rules": {
            rule.name: {
                "limit": rule.limit,
                "readings": flagged[rule.name][0],
                "devices": flagged[rule.name][1],
            }
            for rule in RULES
        },
        "per_device": [_device(each, standings.get(each.device_id)) for each in found.devices],
    }


def _device(found: DeviceQuality, standing: SeqCount | None) -> dict[str, Any]:
    latest_ms = None if standing is None else standing.sampled_at_ms
    return {
        **asdict(found),
        "missing_ever": None if standing is None else standing.missing,
        "latest": None if latest_ms is None else instant_of(latest_ms).isoformat(),
    }
