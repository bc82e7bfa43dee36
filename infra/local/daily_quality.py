"""The quality report of one day of a data directory: flags from the lake, and what the log misses."""

from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.config import CloudSettings
from cloud.quality.daily import AtTheDoor, document
from cloud.quality.report import report_parts, window_of
from cloud.wiring.lake import open_lake, open_reports
from infra.local.errors import LocalError


class NoReadingsError(LocalError):
    """There is nothing to report on."""

    def __init__(self, data_dir: Path, day: date | None) -> None:
        when = "" if day is None else f" of {day.isoformat()}"
        super().__init__(f"the lake of {data_dir} has no readings{when}: give --data-dir or another --day")


class NoReportError(LocalError):
    """No report was made of a day."""

    def __init__(self, data_dir: Path, day: date) -> None:
        super().__init__(
            f"{data_dir} keeps no report of {day}: `quality list` says of which days it does, "
            f"`quality --day {day}` makes one now"
        )


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
    found = report_parts(lake.snapshot().parts(*window_of(chosen)), chosen)
    return document(found, _at_the_door(data_dir), datetime.now(UTC))


def reports_of(data_dir: Path) -> list[dict[str, Any]]:
    """The reports that were made by themselves, each in short, oldest first."""
    reports = open_reports(CloudSettings(data_dir=data_dir))
    found = [known for day in reports.days() if (known := reports.read(day)) is not None]
    return [
        {
            **{name: known[name] for name in ("day", "made_at", "devices", "readings", "missing")},
            "flagged": sum(rule["readings"] for rule in known["rules"].values()),
        }
        for known in found
    ]


def report_of(data_dir: Path, day: date) -> dict[str, Any]:
    """The report of a day, as it was made.

    Raises:
        NoReportError: None was.
    """
    known = open_reports(CloudSettings(data_dir=data_dir)).read(day)
    if known is None:
        raise NoReportError(data_dir, day)
    return dict(known)


def _at_the_door(data_dir: Path) -> AtTheDoor:
    """What the log knows of each device; nothing where telemetry came without one, as from `sim`."""
    path = data_dir / "ingest.sqlite"
    if not path.exists():
        return AtTheDoor()
    with closing(SqliteReadingLog(path, read_only=True)) as log:
        return AtTheDoor(log.standings(), log.clocks_ahead())
