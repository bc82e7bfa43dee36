"""Daily quality reports, kept beside the lake: one a day, made once."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Protocol, TypeAlias

Report: TypeAlias = Mapping[str, Any]
"""A report as a JSON object; see `cloud.quality.daily`."""


class QualityReports(Protocol):
    """The reports that were made."""

    def days(self) -> list[date]:
        """The UTC days that have one, ascending.

        Raises:
            UnavailableError: It cannot be told now.
        """
        ...

    def read(self, day: date) -> Report | None:
        """The report of a day; None when there is none.

        Raises:
            UnavailableError: It cannot be told now.
        """
        ...

    def add(self, day: date, report: Report) -> bool:
        """Keep a report that appears whole or not at all; False when the day has one, which stays.

        Raises:
            UnavailableError: It is not certain that it is kept; add it again.
        """
        ...

    def replace(self, day: date, report: Report | None) -> None:
        """Keep another report of a day, or none, and nothing of the one before.

        Raises:
            UnavailableError: Something of the one before may be there still; replace it again.
        """
        ...
