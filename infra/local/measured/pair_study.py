"""The study of measured pairs: is the mean saving right, and is a day's, on weather days left out?

For each weather day of the pairs, everything measured on it, by whatever schedule, is left out of what the
forecasts learn from. Intervals are by bootstrap over weather days: pairs of one day are no independent news.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from cloud.champion import Champion
from cloud.trees import Floats
from infra.local.measured.laboratory_days import MeasuredPair, described, pairs_of, weather_days
from infra.local.measured.pair_forecasts import ZERO, Fold, forecasts

ALLOWED_RATIO: Final = 0.3
"""How far the predicted mean may be from the measured one [ratio]."""

HINDSIGHT: Final = "mean of all pairs, hindsight"
"""No forecast: it knows the judged pairs; how much of the error is their spread."""

DRAWS, SEED = 4000, 1
"""Of the bootstrap."""

QUANTILES: Final = (0.05, 0.95)
"""Of a 90 % interval."""


@dataclass(frozen=True, slots=True)
class PairScore:
    """How one forecast did.

    Attributes:
        mean_kwh: Mean predicted saving [kWh/day].
        mean_interval_kwh: Its 90 % interval over weather days [kWh/day].
        over_measured: Predicted over measured mean [ratio].
        over_measured_interval: Its 90 % interval, both means drawn together [ratio].
        mae_kwh: Mean absolute error of a day's saving [kWh/day].
        mae_over_zero_interval_kwh: 90 % interval of that error less that of always zero [kWh/day].
        right_signs: Share of days whose sign is right; a zero is not [ratio].
        by_pair_kwh: Predicted saving of each pair [kWh].
    """

    mean_kwh: float
    mean_interval_kwh: tuple[float, float]
    over_measured: float
    over_measured_interval: tuple[float, float]
    mae_kwh: float
    mae_over_zero_interval_kwh: tuple[float, float]
    right_signs: float
    by_pair_kwh: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class PairStudy:
    """All forecasts of all pairs.

    Attributes:
        pairs, weather_days: How many.
        learnt_hours: Hours that the folds learnt from, at least.
        measured_mean_kwh: Mean measured saving [kWh/day].
        measured_interval_kwh: Its 90 % interval over weather days [kWh/day].
        measured_kwh: Of each pair [kWh].
        scores: By forecast.
    """

    pairs: int
    weather_days: int
    learnt_hours: int
    measured_mean_kwh: float
    measured_interval_kwh: tuple[float, float]
    measured_kwh: Mapping[str, float]
    scores: Mapping[str, PairScore]

    def holds(self, forecast: str) -> bool:
        """Whether its mean is within `ALLOWED_RATIO` and its error below that of always zero."""
        if forecast == HINDSIGHT:
            return False
        score = self.scores[forecast]
        return abs(score.over_measured - 1) <= ALLOWED_RATIO and score.mae_kwh < self.scores[ZERO].mae_kwh

    def to_json(self) -> dict[str, Any]:
        """All figures."""
        document: dict[str, Any] = asdict(self)
        for name in self.scores:
            document["scores"][name]["holds"] = self.holds(name)
        return document


def study_pairs(days: pd.DataFrame, shipped: Champion) -> PairStudy:
    """Predict every pair from the other weather days, and judge.

    Args:
        days: As `read_days` gives them.
        shipped: The champion as it stands.
    """
    pairs = pairs_of(days)
    predicted: dict[str, dict[str, float]] = {}
    learnt = len(days)
    for day in weather_days(pairs):
        fold = fold_without(day, days, pairs)
        learnt = min(learnt, len(fold.learn))
        for name, forecast in forecasts(fold, shipped).items():
            own = predicted.setdefault(name, {})
            own |= {pair.name: forecast(pair) for pair in pairs if pair.weather_day == day}
    hindsight_kwh = float(np.mean([pair.saved_kwh for pair in pairs]))
    predicted[HINDSIGHT] = {pair.name: hindsight_kwh for pair in pairs}
    return _judge(pairs, predicted, learnt)


def fold_without(weather_day: str, days: pd.DataFrame, pairs: list[MeasuredPair]) -> Fold:
    """What may be known of the other weather days."""
    learn = described(days[days["weather_day"] != weather_day], days, weather_day)
    others = tuple(pair for pair in pairs if pair.weather_day != weather_day)
    return Fold(learn, others, days, weather_day)


def _judge(pairs: list[MeasuredPair], predicted: Mapping[str, Mapping[str, float]], learnt: int) -> PairStudy:
    measured = np.array([pair.saved_kwh for pair in pairs])
    counts = _draws([pair.weather_day for pair in pairs])
    drawn = counts @ measured / counts.sum(axis=1)
    scores = {}
    for name, own in predicted.items():
        values = np.array([own[pair.name] for pair in pairs])
        means = counts @ values / counts.sum(axis=1)
        error = np.abs(values - measured)
        beyond = counts @ (error - np.abs(measured)) / counts.sum(axis=1)
        scores[name] = PairScore(
            mean_kwh=float(values.mean()),
            mean_interval_kwh=_interval(means),
            over_measured=float(values.mean() / measured.mean()),
            over_measured_interval=_interval(means / drawn),
            mae_kwh=float(error.mean()),
            mae_over_zero_interval_kwh=_interval(beyond),
            right_signs=float((np.sign(values) == np.sign(measured)).mean()),
            by_pair_kwh=dict(own),
        )
    return PairStudy(
        pairs=len(pairs),
        weather_days=len({pair.weather_day for pair in pairs}),
        learnt_hours=learnt,
        measured_mean_kwh=float(measured.mean()),
        measured_interval_kwh=_interval(drawn),
        measured_kwh={pair.name: pair.saved_kwh for pair in pairs},
        scores=scores,
    )


def _draws(clusters: list[str]) -> Floats:
    """How often each pair is drawn when weather days are, with replacement, (draws, pairs)."""
    names, places = np.unique(clusters, return_inverse=True)
    picks = np.random.default_rng(SEED).integers(0, len(names), (DRAWS, len(names)))
    counts = np.stack([(picks == place).sum(axis=1) for place in range(len(names))], axis=1)
    return np.asarray(counts[:, places], np.float64)


def _interval(values: Floats) -> tuple[float, float]:
    low, high = np.quantile(values, QUANTILES)
    return float(low), float(high)
