"""What the lake needs from time to time: old days and replaced files go, disks are watched, days reported."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import structlog

from cloud.disk_budget import DiskWatch
from cloud.errors import UnavailableError
from cloud.ports.ingest import CompactingLake

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class LakeUpkeep:
    """Looks after one lake.

    Args:
        lake: The lake.
        keep_days: So many days of telemetry are kept, the newest included; 0 keeps everything.
        watch: Knows the budgets.
        today: The UTC day of the wall clock.
        report: Makes the quality reports that are due.
    """

    lake: CompactingLake
    keep_days: int
    watch: DiskWatch
    today: Callable[[], date]
    report: Callable[[], None] = lambda: None

    def look_after(self) -> None:
        """Do what is due.

        Raises:
            UnavailableError: Not all was done; it is due again next time.
        """
        self._expire()
        files = self.lake.sweep()
        if files:
            log.info("lake_swept", files=files)
        self.watch.look()
        self._report()

    def _report(self) -> None:
        """A day that cannot be read keeps its reports from being made, and nothing else."""
        try:
            self.report()
        except UnavailableError as error:
            log.warning("quality_not_reported", reason=str(error))

    def _expire(self) -> None:
        """Let go of old days, counted from the newest one; a device that lives in the future is no reason."""
        days = [day for day in self.lake.days() if day <= self.today()] if self.keep_days else []
        if not days:
            return
        before = date.fromordinal(max(days[-1].toordinal() - self.keep_days + 1, 1))
        files = self.lake.expire(before) if days[0] < before else 0
        if files:
            log.info("days_expired", before=before.isoformat(), files=files)
