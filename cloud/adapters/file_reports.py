"""Quality reports as JSON files among those of the lake, `_quality/YYYY-MM-DD-N.json`: on a disk, or on S3.

Hive readers pass over names that begin with an underscore. Files of the lake never change, so another report
of a day is the next N, and then the ones before are removed; who is killed in between does it again.
"""

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Final

from typing_extensions import override

from cloud.adapters.lake_files import LakeFiles
from cloud.errors import NotFoundError, UnavailableError
from cloud.ports.quality import QualityReports, Report

FOLDER: Final = "_quality/"
ATTEMPTS: Final = 20
"""How often a report may be replaced while it is read."""


@dataclass(frozen=True, slots=True)
class FileReports(QualityReports):
    """Reports for any number of processes.

    Attributes:
        files: Those of the lake.
    """

    files: LakeFiles

    @override
    def days(self) -> list[date]:
        names = self.files.names(FOLDER)
        return sorted({date.fromisoformat(name[len(FOLDER) : len(FOLDER) + 10]) for name in names})

    @override
    def read(self, day: date) -> Report | None:
        for _ in range(ATTEMPTS):
            names = self._names(day)
            if not names:
                return None
            with suppress(NotFoundError):  # replaced meanwhile
                report: Report = json.loads(self.files.read(names[-1]))
                return report
        raise UnavailableError(f"the report of {day} is replaced again and again")

    @override
    def add(self, day: date, report: Report) -> bool:
        return not self._names(day) and self._create(day, 1, report)

    @override
    def replace(self, day: date, report: Report | None) -> None:
        while True:
            before = self._names(day)
            number = int(before[-1].rpartition("-")[2].removesuffix(".json")) + 1 if before else 1
            if report is None or self._create(day, number, report):
                self.files.remove(before)
                return

    def _names(self, day: date) -> list[str]:
        """The files of a day; only the last one counts."""
        return self.files.names(f"{FOLDER}{day.isoformat()}-")

    def _create(self, day: date, number: int, report: Report) -> bool:
        name = f"{FOLDER}{day.isoformat()}-{number:06d}.json"
        return self.files.create(name, json.dumps(report, indent=1).encode())
