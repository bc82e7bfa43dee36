"""Quality reports in memory: the test twin."""

from dataclasses import dataclass, field
from datetime import date

from typing_extensions import override

from cloud.ports.quality import QualityReports, Report


@dataclass(slots=True)
class MemoryReports(QualityReports):
    """Reports that live and die with their process."""

    reports: dict[date, Report] = field(default_factory=dict[date, Report])

    @override
    def days(self) -> list[date]:
        return sorted(self.reports)

    @override
    def read(self, day: date) -> Report | None:
        return self.reports.get(day)

    @override
    def add(self, day: date, report: Report) -> bool:
        return self.reports.setdefault(day, report) is report

    @override
    def replace(self, day: date, report: Report | None) -> None:
        self.reports.pop(day, None)
        if report is not None:
            self.reports[day] = report
