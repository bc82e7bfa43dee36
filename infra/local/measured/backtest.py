"""The backtest: our forecast of energy beside the simple ones, on weeks that came after what was learnt.

Every forecast answers for the same hours; an hour for which one has no answer counts for none. Errors are of
hours and of whole days. Leads are paired: both errors come from the same draw of homes (of days, where there
is one home).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from cloud.evaluation import TINY_KWH, cv_rmse, nmbe
from cloud.feature_catalogue import ENERGY_TARGET
from cloud.trees import Floats
from infra.local.measured import opendsm_daily
from infra.local.measured.backtest_homes import Homes
from infra.local.measured.day_ahead_forecasts import DAY_H, OURS, Fold, forecasts

FIRST_DAY, FOLD_DAYS = 14, 7
"""Days before the first fold, and of each fold."""

DRAWS, SEED = 2000, 1
"""Of the bootstrap."""

QUANTILES: Final = (0.025, 0.975)
"""Of a 95 % interval."""


@dataclass(frozen=True, slots=True)
class Errors:
    """Of one forecast, all ratios.

    Attributes:
        wape: Sum of absolute residuals over the sum of observations.
        cv_rmse, nmbe: As ASHRAE Guideline 14 has them; `nmbe` above 0 is under-prediction.
    """

    wape: float
    cv_rmse: float
    nmbe: float


@dataclass(frozen=True, slots=True)
class Lead:
    """How one of ours compares with another forecast.

    Attributes:
        worse: WAPE of ours over that of the other, less 1: below 0 ours is better [ratio].
        interval: Its 95 % interval, homes drawn with replacement [ratio].
        homes_lost: Homes in which the other has the smaller WAPE.
    """

    worse: float
    interval: tuple[float, float]
    homes_lost: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Forecasts for the same hours, or days.

    Attributes:
        homes, count: Homes, and hours or days of all of them.
        errors: By forecast.
        leads: By one of ours, then by another forecast.
    """

    homes: int
    count: int
    errors: Mapping[str, Errors]
    leads: Mapping[str, Mapping[str, Lead]]


@dataclass(frozen=True, slots=True)
class Backtest:
    """One group of homes.

    Attributes:
        name: Climate, data set, or all simulated ones.
        measured: Whether a machine was measured.
        units: What stands alone and is drawn: homes, or weather days.
        hourly, daily: Over all folds.
        weeks: Daily, by the first day of the fold, where there are several.
    """

    name: str
    measured: bool
    units: str
    hourly: Comparison
    daily: Comparison
    weeks: Mapping[int, Comparison]

    def to_json(self) -> dict[str, Any]:
        """All figures."""
        return asdict(self)


def run_backtests(groups: Iterable[Homes], *, with_opendsm: bool) -> list[Backtest]:
    """One for each group, and one of all simulated groups together where there are several."""
    judged = {homes.name: (homes, judge_weeks(homes.hours, with_opendsm=with_opendsm)) for homes in groups}
    answers = [summarise(name, weeks, measured=homes.measured) for name, (homes, weeks) in judged.items()]
    simulated = [weeks for homes, weeks in judged.values() if not homes.measured]
    if len(simulated) > 1:
        together = [pd.concat([weeks[level] for weeks in simulated]) for level in (0, 1)]
        answers.append(summarise("all simulated", (together[0], together[1]), measured=False))
    return answers


def folds(hours: pd.DataFrame) -> Iterator[tuple[int, Fold]]:
    """Weeks in order of time, each with all that came before; a last day by itself is no week."""
    for first in range(FIRST_DAY, int(hours["day"].max()), FOLD_DAYS):
        day = hours["day"]
        coming = hours[(day >= first) & (day < first + FOLD_DAYS)]
        homes = hours.loc[day < first, "device_id"].unique()
        yield first, Fold(hours[day < first], coming[coming["device_id"].isin(homes)])


def judge_weeks(hours: pd.DataFrame, *, with_opendsm: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Observed and predicted energy of every judged hour, and of every whole day [kWh].

    Returns:
        Two frames with `device_id`, `day`, `fold`, `observed` and a column a forecast.
    """
    hourly, daily = [], []
    for first, fold in folds(hours):
        keys = fold.coming[["device_id", "day"]].assign(fold=first, observed=fold.coming[ENERGY_TARGET])
        answers = {name: forecast(fold) for name, forecast in forecasts().items()}
        known = keys.assign(**answers).dropna()
        whole = known.groupby(["device_id", "day"])
        days = whole[["observed", *answers]].sum()[whole.size() == DAY_H].assign(fold=first)
        if with_opendsm:
            days[opendsm_daily.NAME] = opendsm_daily.daily_kwh(fold)
        hourly.append(known)
        daily.append(days.dropna().reset_index())
    return pd.concat(hourly, ignore_index=True), pd.concat(daily, ignore_index=True)


def summarise(
    name: str, judged: tuple[pd.DataFrame, pd.DataFrame], *, measured: bool, units: str = "homes"
) -> Backtest:
    """The figures of judged hours and days."""
    hourly, daily = judged
    weeks = {int(str(first)): compare(week) for first, week in daily.groupby("fold")}
    several = weeks if len(weeks) > 1 else {}
    return Backtest(name, measured, units, compare(hourly), compare(daily), several)


def compare(rows: pd.DataFrame) -> Comparison:
    """Errors and paired leads of the forecasts in `rows`."""
    names = [name for name in rows.columns if name not in {"device_id", "day", "fold", "observed"}]
    observed = rows["observed"].to_numpy(np.float64)
    values = {name: rows[name].to_numpy(np.float64) for name in names}
    absolute = pd.DataFrame({name: np.abs(observed - own) for name, own in values.items()})
    homes = rows["device_id"].nunique()
    unit = "device_id" if homes > 1 else "day"
    per_unit = absolute.groupby(rows[unit].to_numpy()).sum()
    return Comparison(
        homes=homes,
        count=len(rows),
        errors={
            name: Errors(
                float(absolute[name].sum() / max(observed.sum(), TINY_KWH)),
                cv_rmse(observed, own),
                nmbe(observed, own),
            )
            for name, own in values.items()
        },
        leads={
            own: {
                name: _lead(per_unit[own].to_numpy(np.float64), per_unit[name].to_numpy(np.float64), by=unit)
                for name in names
                if name not in OURS
            }
            for own in OURS
        },
    )


def _lead(own: Floats, other: Floats, *, by: str) -> Lead:
    picks = np.random.default_rng(SEED).integers(0, len(own), (DRAWS, len(own)))
    drawn = own[picks].sum(axis=1) / np.maximum(other[picks].sum(axis=1), TINY_KWH) - 1.0
    low, high = np.quantile(drawn, QUANTILES)
    lost = int((other < own).sum()) if by == "device_id" else int(other.sum() < own.sum())
    return Lead(float(own.sum() / max(other.sum(), TINY_KWH) - 1.0), (float(low), float(high)), lost)
