"""Change: whether a series has left the level that it had, by cumulative sums."""

from typing import Final

import numpy as np

from cloud.trees import Floats

SLACK_SD: Final = 0.5
"""Half of the shift that is to be found soonest, in standard deviations of the series: the textbook's value
for a shift of one (Page 1954, doi:10.1093/biomet/41.1-2.100)."""


def cumulative_sums(series: Floats, level: Floats, spread: Floats) -> Floats:
    """The larger of the two one-sided sums at the end of each series, in standard deviations.

    Args:
        series: (homes, days), oldest first; a day without a value (NaN) changes nothing.
        level: What each had before, (homes,).
        spread: Standard deviation of a day, (homes,).

    Returns:
        (homes,); NaN without a level or a spread.
    """
    scaled = (series - level[:, None]) / spread[:, None]
    up, down = np.zeros(len(series)), np.zeros(len(series))
    for day in np.where(np.isnan(scaled), SLACK_SD, scaled).T:
        up = np.maximum(up + day - SLACK_SD, 0.0)
    for day in np.where(np.isnan(scaled), -SLACK_SD, scaled).T:
        down = np.maximum(down - day - SLACK_SD, 0.0)
    return np.where(np.isnan(level) | np.isnan(spread), np.nan, np.maximum(up, down))
