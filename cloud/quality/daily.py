"""The daily quality report on a schedule: once for each UTC day that is over, kept as long as the day is.

It says what the lake held when it was made; what came later is in a report that is made when it is asked for.
"""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import structlog

from cloud.ports.quality import QualityReports, Report
from cloud.ports.telemetry import Lake
from cloud.quality.report import DeviceQuality, QualityReport, report_parts, window_of
from cloud.quality.rules import RULES
from cloud.reading_rows import instant_of
from cloud.seq_gaps import AheadCount, SeqCount

CLOSED_AFTER: Final = timedelta(hours=1)
"""So long after its end a day is reported on: spooled readings are a little late."""

LOOK_BACK: Final = 7
"""Days of the lake that get a report when nobody was there to make it."""

ATTEMPTS: Final = 3
"""So often a process tries to report on a day, which may have a damaged file."""

EARLIEST: Final = date(2000, 1, 1)
"""A device that lives before, or in the future, has a wrong clock: no report waits for its days."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class AtTheDoor:
    """What was counted when readings came, by device, since the log began.

    Attributes:
        standings: The newest reading, and how many never came.
        clocks_ahead: Readings from the future.
    """

    standings: Mapping[str, SeqCount] = field(default_factory=dict[str, SeqCount])
    clocks_ahead: Mapping[str, AheadCount] = field(default_factory=dict[str, AheadCount])


def document(found: QualityReport, counted: AtTheDoor, made_at: datetime) -> dict[str, Any]:
    """A report as a JSON object: the fleet, each rule, each device."""
    devices = [_device(each, counted) for each in found.devices]
    return _whole(found.day.isoformat(), made_at.isoformat(), devices)


@dataclass(frozen=True, slots=True)
class DailyQuality:
    """Makes the reports; by one thread, while another may forget devices.

    Attributes:
        lake: What is reported on.
        reports: Where reports are kept.
        at_the_door: What the log has counted so far.
        now: The wall clock (UTC).
    """

    lake: Lake
    reports: QualityReports
    at_the_door: Callable[[], AtTheDoor]
    now: Callable[[], datetime]
    _attempts: Counter[date] = field(default_factory=Counter[date])
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    def look(self) -> None:
        """Make the newest report that is due, if there is one; a report goes with its day.

        Raises:
            UnavailableError: It is due still, but after some attempts the others come first.
        """
        days, made = self.lake.snapshot().days(), self.reports.days()
        for day in made:
            if day not in days:
                self.reports.replace(day, None)
        today = self.now().date()
        plausible = [day for day in days if EARLIEST <= day <= today][-LOOK_BACK:]
        due = [day for day in plausible if day not in made and self._is_over(day, plausible[-1])]
        due = [day for day in due if self._attempts[day] < ATTEMPTS]
        if due:
            self._attempts[due[-1]] += 1
            self._make(due[-1])

    def forget(self, device_ids: Collection[str]) -> None:
        """Leave nothing of devices in any report.

        Raises:
            UnavailableError: Something may be there still; forget them again.
        """
        with self._one_at_a_time:
            for day in self.reports.days():
                known = self.reports.read(day)
                if known is not None and _names(known) & set(device_ids):
                    self.reports.replace(day, without(known, device_ids))

    def _is_over(self, day: date, newest: date) -> bool:
        """By the wall clock; recorded days that are played now are over when the next one has begun."""
        now = self.now()
        end = datetime.combine(day, time(), UTC) + timedelta(days=1)
        return now >= end + CLOSED_AFTER and (day < newest or now < end + timedelta(days=1))

    def _make(self, day: date) -> None:
        with self._one_at_a_time:  # a device that is forgotten meanwhile must not come back
            found = report_parts(self.lake.snapshot().parts(*window_of(day)), day)
            is_new = self.reports.add(day, document(found, self.at_the_door(), self.now()))
        if is_new:
            flagged = sum(readings for readings, _ in found.flagged().values())
            log.info(
                "quality_reported",
                day=day.isoformat(),
                devices=len(found.devices),
                readings=found.readings,
                missing=found.missing,
                flagged=flagged,
            )


def without(known: Report, device_ids: Collection[str]) -> Report:
    """A report as if these devices had not been there."""
    devices = [each for each in known["per_device"] if each["device_id"] not in device_ids]
    return _whole(known["day"], known["made_at"], devices)


def _names(known: Report) -> set[str]:
    return {each["device_id"] for each in known["per_device"]}


def _whole(day: str, made_at: str, devices: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "day": day,
        "made_at": made_at,
        "devices": len(devices),
        "readings": sum(each["readings"] for each in devices),
        "missing": sum(each["missing"] for each in devices),
        "rules": {
            rule.name: {"limit": rule.limit, **_flagged(each["flags"].get(rule.name, 0) for each in devices)}
            for rule in RULES
        },
        "per_device": devices,
    }


def _flagged(counts: Iterable[int]) -> dict[str, int]:
    flagged = [count for count in counts if count]
    return {"readings": sum(flagged), "devices": len(flagged)}


def _device(found: DeviceQuality, counted: AtTheDoor) -> dict[str, Any]:
    standing = counted.standings.get(found.device_id)
    ahead = counted.clocks_ahead.get(found.device_id)
    latest_ms = None if standing is None else standing.sampled_at_ms
    return {
        **asdict(found),
        "missing_ever": None if standing is None else standing.missing,
        "ahead_ever": 0 if ahead is None else ahead.readings,
        "worst_ahead_s": 0.0 if ahead is None else ahead.worst_s,
        "latest": None if latest_ms is None else instant_of(latest_ms).isoformat(),
    }
