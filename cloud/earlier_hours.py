"""Earlier hours: what is replayed of the fleet's own past with each window, so that no season is forgotten.

A window of four weeks knows one kind of weather. Weeks spread over the year before it are replayed beside it:
so many hours at most, drawn by a digest of home and hour, so that the same lake gives the same ones.
"""

from datetime import date, timedelta
from typing import Final

import numpy as np
import pandas as pd

from cloud.energy import usable_energy_hours

MOST_ROWS: Final = 6000
"""Hours that are replayed [hours]; fewer than the base hours, whose setpoints are by lot."""

MOST_HOMES: Final = 200
"""Homes whose past is read, drawn by a digest of their ids: more would tell the same in more time."""

SPANS: Final = 6
"""Weeks that are read, one for two months."""

SPAN_DAYS: Final = 7
YEAR_DAYS: Final = 365
"""How far back they reach [days]: a year has all seasons."""


def spans(first: date, window: date) -> list[tuple[date, date]]:
    """First days, and days after the last, of the weeks that are replayed, oldest first.

    Args:
        first: Oldest day that there is.
        window: First day of the window, which is not replayed.
    """
    oldest = max(first, window - timedelta(days=YEAR_DAYS))
    room = (window - oldest).days - SPAN_DAYS
    if room < 0:
        return []
    count = min(SPANS, room // SPAN_DAYS + 1)
    ends = sorted({window - timedelta(days=room * place // max(count - 1, 1)) for place in range(count)})
    return [(end - timedelta(days=SPAN_DAYS), end) for end in ends]


def drawn_hours(hours: pd.DataFrame, most: int = MOST_ROWS) -> pd.DataFrame:
    """At most so many usable hours, in their order: those whose digests are smallest.

    Args:
        hours: Columns of `cloud.features`.
        most: So many [hours].
    """
    known = usable_energy_hours(hours)
    digests = pd.util.hash_pandas_object(known[["device_id", "hour_end_at"]], index=False).to_numpy()
    return known.iloc[np.sort(np.argsort(digests, kind="stable")[:most])]
