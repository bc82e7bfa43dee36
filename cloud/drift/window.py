"""What is compared with what: the newest week of a cohort with the four before it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

import pandas as pd

CURRENT_DAYS: Final = 7
"""What is new: a whole week, since weekends are other days [days]."""

REFERENCE_DAYS: Final = 28
"""What it is compared with [days]."""

MIN_REFERENCE_DAYS: Final = 14
"""With less to compare with nothing is said [days]."""


@dataclass(frozen=True, slots=True)
class Window:
    """Then: from `start` to `cut`; now: from `cut` on."""

    start: datetime
    cut: datetime

    @classmethod
    def of(cls, newest: datetime, since: datetime) -> Self | None:
        """The window that ends with `newest`, of what came after `since`; None when that is too little."""
        cut = newest - timedelta(days=CURRENT_DAYS)
        start = max(cut - timedelta(days=REFERENCE_DAYS), since)
        return cls(start, cut) if cut - start >= timedelta(days=MIN_REFERENCE_DAYS) else None

    def parts(self, hours: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The hours then and the hours now."""
        at = hours["hour_end_at"]
        return hours[(at > self.start) & (at <= self.cut)], hours[at > self.cut]
