"""Days of a home as they are compared: freed of its level, its weekdays and its blocks.

A day's electricity depends on today's arm and, by the heat that walls and furniture keep, on the arms of the
days before. Who compares advised days with the habit days between them as they are counts that heat twice:
an advised day begins in a cold house, a habit day in a warm one. So the arms of `LAGS` days before are in the
regression, and the saving is the sum of their coefficients: that of always being advised against never
(distributed lags under randomisation: Bojinov, Simchi-Levi and Zhao 2023, Management Science 69).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from cloud.savings.rules import HOME_LAGS, LAGS

Floats: TypeAlias = npt.NDArray[np.float64]

WEEK_DAYS = 7

LIKENESS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Autocorrelations that are tried; between them a line is drawn."""

MOST_PROJECTIONS = 20
"""Homes whose projections say how residuals shrink: those of others differ little."""


@dataclass(frozen=True, slots=True)
class HomeDays:
    """Days of a home, one after the other; the first `LAGS` of them only tell what came before.

    Attributes:
        home_id: Whose.
        used: What was counted on each day, such as electricity [kWh], (days,); NaN: the day does not count.
        advised: Whether each day was drawn as advised [0 or 1], (days,).
        block: In which block of the assignment each day is, (days,).
        weather: What no arm of the home changes, such as outdoor temperatures, (days, m); NaN: not known.
        place: Homes of the same place have the same weather; empty: nobody knows where it is.
    """

    home_id: str
    used: Floats
    advised: Floats
    block: npt.NDArray[np.int64]
    weather: Floats
    place: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """What the days of a home say: the products of a regression of what is used on arms and weather.

    Attributes:
        home_id: Whose.
        scale: Mean of what was used on the days that count.
        days: So many of them count.
        habit_days: And so many of these at the habit.
        free: Days that count less what level, weekdays and blocks take [degrees of freedom].
        xx: Of arms (today's, yesterday's, ...; the sign is that of a saving) and weather, (p, p).
        xy: Of these with what was used over `scale`, (p,).
        yy: Of what was used over `scale`.
        shares: Of days that count, of which the day so many days before was advised, (LAGS + 1,) [ratio].
    """

    home_id: str
    scale: float
    days: int
    habit_days: int
    free: int
    xx: Floats
    xy: Floats
    yy: float
    shares: Floats

    @property
    def of_home(self) -> "Compared":
        """The regression of a home's own figure, without arms of older days."""
        kept = np.r_[: HOME_LAGS + 1, LAGS + 1 : len(self.xy)]
        return replace(self, xx=self.xx[np.ix_(kept, kept)], xy=self.xy[kept])


def compare(homes: Sequence[HomeDays]) -> list[Compared]:
    """What the days of homes say, of those that have any and used something on them.

    Days that follow each other are alike: a filter clogs for weeks, guests stay for days. That would make
    sums of neighbouring arms look surer than they are, so all days are first freed of what the day before
    tells of them (Prais and Winsten 1954), by an autocorrelation that all homes share.
    """
    tables = [table for table in map(_table, homes) if table is not None]
    likeness = autocorrelation([table.residual_maker() for table in tables])
    return [_products(table, likeness) for table in tables]


@dataclass(frozen=True, slots=True)
class _Table:
    """Days of a home that count: `follows` says whether each follows on the row before."""

    home: HomeDays
    rows: npt.NDArray[np.intp]
    arms: Floats
    columns: Floats
    strata: Floats
    scale: float

    @property
    def follows(self) -> npt.NDArray[np.bool_]:
        return np.concatenate([[False], np.diff(self.rows) == 1])

    def residual_maker(self) -> tuple[Floats, Floats, Floats]:
        """What the days' own regression leaves, (days,), its projection, and days apart, (days, days)."""
        known = np.column_stack([self.columns[:, :-1], self.strata])
        basis, strength, _ = np.linalg.svd(known, full_matrices=False)
        basis = basis[:, strength > strength[0] * 1e-9]
        maker = np.eye(len(self.rows)) - basis @ basis.T
        apart = np.abs(self.rows[:, np.newaxis] - self.rows)
        return maker @ self.columns[:, -1], maker, apart.astype(np.float64)


def autocorrelation(days: Sequence[tuple[Floats, Floats, Floats]]) -> float:
    """Of neighbouring days, the same for all homes: what would have left residuals as alike as they are.

    Residuals of few days are less alike than what they are left of; the projections say by how much.
    """
    if not days:
        return 0.0
    weight = [1.0 / max(float(left @ left), 1e-12) for left, _, _ in days]
    seen = float(
        np.mean([w * left @ (apart == 1) @ left for w, (left, _, apart) in zip(weight, days, strict=True)])
    )
    some = days[:: max(len(days) // MOST_PROJECTIONS, 1)]
    expected = [
        float(np.mean([_expected(maker, apart, each) for _, maker, apart in some])) for each in LIKENESS
    ]
    return float(np.interp(seen, expected, LIKENESS))


def _expected(maker: Floats, apart: Floats, likeness: float) -> float:
    left = maker @ likeness**apart @ maker
    return float((left * (apart == 1)).sum() / max(float(np.trace(left)), 1e-12))


def _table(home: HomeDays) -> _Table | None:
    place = np.arange(len(home.used))
    rows = place[~np.isnan(home.used) & (place >= LAGS)]
    scale = float(home.used[rows].mean()) if len(rows) else 0.0
    if scale <= 0:
        return None
    arms = np.stack([home.advised[rows - lag] for lag in range(LAGS + 1)], axis=1)
    columns = np.column_stack([-arms, _known(home.weather[rows]), home.used[rows] / scale])
    return _Table(home, rows, arms, columns, _strata(rows, home.block[rows]), scale)


def _products(table: _Table, likeness: float) -> Compared:
    columns, strata = (_freed(each, table.follows, likeness) for each in (table.columns, table.strata))
    left = columns - strata @ np.linalg.lstsq(strata, columns, rcond=None)[0]
    products = left.T @ left
    return Compared(
        home_id=table.home.home_id,
        scale=table.scale,
        days=len(table.rows),
        habit_days=int((table.arms[:, 0] == 0).sum()),
        free=len(table.rows) - int(np.linalg.matrix_rank(table.strata)),
        xx=products[:-1, :-1],
        xy=products[:-1, -1],
        yy=float(products[-1, -1]),
        shares=table.arms.mean(axis=0),
    )


def _freed(values: Floats, follows: npt.NDArray[np.bool_], likeness: float) -> Floats:
    """Of what the day before tells; what follows on nothing keeps its share of the noise."""
    alone = np.sqrt(1 - likeness**2) * values
    before = np.vstack([values[:1], values[:-1]])
    return np.where(follows[:, np.newaxis], values - likeness * before, alone)


def _known(weather: Floats) -> Floats:
    """What is not known is taken as usual there: such a day says nothing of the weather."""
    unknown = np.isnan(weather)
    known = np.maximum((~unknown).sum(axis=0), 1)
    return np.where(unknown, np.where(unknown, 0.0, weather).sum(axis=0) / known, weather)


def _strata(rows: npt.NDArray[np.intp], block: npt.NDArray[np.int64]) -> Floats:
    """Which block each day is of, and from two weeks on which weekday, (days, strata) [0 or 1].

    Of fewer days, levels of weekdays would leave nothing to be compared.
    """
    blocks: Floats = (block[:, np.newaxis] == np.unique(block)).astype(np.float64)
    if len(rows) < 2 * WEEK_DAYS:
        return blocks
    return np.column_stack([np.eye(WEEK_DAYS)[rows % WEEK_DAYS], blocks])
