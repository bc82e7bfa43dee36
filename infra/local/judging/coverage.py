"""Coverage: whether what the advisor says it will save comes true as often as it says.

A statement is of the 24 h after the first decision of a day, with a 90 % interval, so it is judged by day.
Nothing is said of a week as such. Whoever adds up seven statements adds their ends as well: that is the
interval of the week here, and it is right if a home's errors are the same every day (for comonotone errors
quantiles add: Dhaene et al. 2002, doi:10.1016/S0167-6687(02)00134-8). If they were independent, half-widths
would add as root of sums of squares; that narrower interval is judged beside it, and the truth is between.

A home's days are alike, so a ratio's error is that of its clusters, the homes: the linearised variance of a
ratio of cluster totals (Cochran 1977, Sampling Techniques, chapter 6), as an effective sample size in
Wilson's interval, which holds near 0 and 1 (Franco et al. 2019, doi:10.1093/jssam/smy019).
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from infra.local.judging.control import Claims
from infra.local.pairs import Floats

DAYS_PER_WEEK = 7
_Z = 1.959964
"""The normal 97.5 % quantile."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often an interval held what came.

    Attributes:
        periods: Home-days or home-weeks of which something was said.
        homes: Homes with such periods.
        covered_ratio: Periods whose saving lies in the interval [ratio]; NaN without periods.
        low_ratio: Lower end of its 95 % interval, clustered by home [ratio].
        high_ratio: Upper end of it [ratio].
    """

    periods: int
    homes: int
    covered_ratio: float
    low_ratio: float
    high_ratio: float

    def __str__(self) -> str:
        return f"{100 * self.covered_ratio:.0f} % ({100 * self.low_ratio:.0f}..{100 * self.high_ratio:.0f} %)"


def told(claims: Claims) -> npt.NDArray[np.bool_]:
    """Where a saving was told: an interval without width says that nothing is to be changed."""
    return np.asarray(claims.high_kwh > claims.low_kwh)


def daily(claims: Claims, saved_kwh: Floats) -> Coverage:
    """Each statement against the day's paired saving [kWh], `(days, homes)`."""
    return _judged(claims, saved_kwh)


def weekly(claims: Claims, saved_kwh: Floats) -> Coverage:
    """Statements added up over whole weeks, their ends too, against the week's saving, `(days, homes)`."""
    return _judged(Claims(*(_weeks(column) for column in claims)), _weeks(saved_kwh))


def weekly_if_independent(claims: Claims, saved_kwh: Floats) -> Coverage:
    """The same, as if errors of days were independent: half-widths add as root of sums of squares."""
    expected = _weeks(claims.expected_kwh)
    below = np.sqrt(_weeks((claims.expected_kwh - claims.low_kwh) ** 2))
    above = np.sqrt(_weeks((claims.high_kwh - claims.expected_kwh) ** 2))
    return _judged(Claims(expected, expected - below, expected + above), _weeks(saved_kwh))


def _weeks(days: Floats) -> Floats:
    """Sums over whole weeks, `(weeks, homes)`; what is left over at the end is dropped."""
    weeks = len(days) // DAYS_PER_WEEK
    whole = days[: weeks * DAYS_PER_WEEK]
    return np.asarray(whole.reshape(weeks, DAYS_PER_WEEK, days.shape[1]).sum(axis=1))


def _judged(claims: Claims, saved_kwh: Floats) -> Coverage:
    said = told(claims)
    covered = said & (claims.low_kwh <= saved_kwh) & (saved_kwh <= claims.high_kwh)
    return clustered(covered.sum(axis=0), said.sum(axis=0))


def clustered(hits: npt.NDArray[np.int64], periods: npt.NDArray[np.int64]) -> Coverage:
    """A share with its interval, from hits and periods of each home, `(homes,)`."""
    some = periods > 0
    hits, periods = hits[some], periods[some]
    homes, count = len(periods), int(periods.sum())
    if not count:
        return Coverage(0, 0, math.nan, math.nan, math.nan)
    ratio = float(hits.sum() / count)
    low, high = _wilson(ratio, _effective(hits, periods, ratio))
    return Coverage(count, homes, ratio, low, high)


def _effective(hits: npt.NDArray[np.int64], periods: npt.NDArray[np.int64], ratio: float) -> float:
    """Independent periods that would tell as much: at least one a home when all homes say the same."""
    homes, count = len(periods), float(periods.sum())
    if homes == 1 or ratio in {0.0, 1.0}:
        return float(homes)
    variance = homes / (homes - 1) * float(((hits - ratio * periods) ** 2).sum()) / count**2
    return min(ratio * (1.0 - ratio) / variance, count) if variance else count


def _wilson(ratio: float, count: float) -> tuple[float, float]:
    """Wilson's 95 % score interval (Wilson 1927, JASA 22:209)."""
    middle = ratio + _Z**2 / (2 * count)
    half = _Z * math.sqrt(ratio * (1 - ratio) / count + _Z**2 / (4 * count**2))
    scale = 1 + _Z**2 / count
    return max((middle - half) / scale, 0.0), min((middle + half) / scale, 1.0)
