"""The study of comfort: do the models of votes hold on studies that they have not seen, and better than PMV?

Every study's votes are predicted by models that learnt from all other studies: whoever advises a new home is
in that place. `ac-advisor comfort` prints the result. The features and the size of the trees were chosen by
these same figures, among some forty variants, so the figures are a little better than those of a new study
will be.

A baseline that knows no clothes either stands beside them: PMV of a home. It ranks votes about as well, as
temperature does by itself: what the models add are probabilities. Over all votes together it even ranks
better, for it means the same in every study, while a model that has not seen a study of many complaints
expects too few of just that study. For the same reason the probabilities are right over all votes, and off
in most single studies: how much people complain at what is usual has to be learnt home by home.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cloud.trees import Floats
from cloud.votes import COOLER, PREFERENCES, VoteModels
from device_sim.people.comfort import USUAL_RH_PCT, pmv

Bools = npt.NDArray[np.bool_]

BINS = 10
"""Equally full bins of predicted probability, as is usual for an expected calibration error."""

MIN_VOTES = 200
"""A study with fewer has no figures of its own."""

AUC_NEEDED, PMV_LEAD_NEEDED, CALIBRATION_ERROR_ALLOWED = 0.64, 0.04, 0.03
"""What must hold over all votes, for both preferences [ratio]."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Votes that were given about the same probability.

    Attributes:
        votes: How many.
        predicted, observed: Mean probability, and the share that asked for it [ratio].
    """

    votes: int
    predicted: float
    observed: float


@dataclass(frozen=True, slots=True)
class Score:
    """How well votes of one preference were predicted, all ratios.

    Attributes:
        votes: How many.
        observed, predicted: The share that asked for it, and the mean probability.
        auc: Probability that one who asked for it was given more than one who did not.
        calibration_error: Mean distance of predicted from observed shares, over bins.
        pmv_votes: Votes for which PMV is known from measured clothes, activity and air.
        auc_beside_pmv: `auc` on those; NaN without any.
        pmv_auc: That of PMV on those.
        home_pmv_auc: That of PMV of light clothes and sitting, from temperature and humidity, on all votes.
    """

    votes: int
    observed: float
    predicted: float
    auc: float
    calibration_error: float
    pmv_votes: int
    auc_beside_pmv: float
    pmv_auc: float
    home_pmv_auc: float


@dataclass(frozen=True, slots=True)
class Preference:
    """One preference: over all votes, by study, and in bins.

    Attributes:
        all_votes: Score over all votes together.
        auc_se: Standard error of its `auc`, by leaving one study after the other away.
        calibration_error_se: The same of its `calibration_error`.
        mean_study_auc: Mean of the studies' own `auc`, each counting the same.
        mean_study_home_pmv_auc: The same of `home_pmv_auc`.
        by_study: Scores of studies with `MIN_VOTES` votes.
        bins: Predicted and observed shares over all votes.
    """

    all_votes: Score
    auc_se: float
    calibration_error_se: float
    mean_study_auc: float
    mean_study_home_pmv_auc: float
    by_study: Mapping[int, Score]
    bins: tuple[Bin, ...]

    @property
    def holds(self) -> bool:
        """Whether it is what it must be."""
        score = self.all_votes
        return (
            score.auc >= AUC_NEEDED
            and score.auc_beside_pmv >= score.pmv_auc + PMV_LEAD_NEEDED
            and score.calibration_error <= CALIBRATION_ERROR_ALLOWED
        )


@dataclass(frozen=True, slots=True)
class ComfortStudy:
    """What votes that were left out say of the models.

    Attributes:
        votes, studies: How many.
        preferences: By name: cooler, warmer.
    """

    votes: int
    studies: int
    preferences: Mapping[str, Preference]

    def to_json(self) -> dict[str, Any]:
        """All figures; what is not known is null."""
        document: dict[str, Any] = _known(asdict(self))
        for name, preference in self.preferences.items():
            document["preferences"][name]["holds"] = preference.holds
        return document


def study_comfort(votes: pd.DataFrame) -> ComfortStudy:
    """Predict every study from the others, and judge.

    Args:
        votes: As `read_votes` gives them.
    """
    predicted = predict_left_out(votes)
    return ComfortStudy(
        votes=len(votes),
        studies=votes["study"].nunique(),
        preferences={name: _judge(votes, name, predicted[name]) for name in PREFERENCES},
    )


def predict_left_out(votes: pd.DataFrame) -> pd.DataFrame:
    """Probabilities of each vote, by models that saw no vote of its study; index and order of `votes`."""
    parts = []
    for study, own in votes.groupby("study"):
        parts.append(VoteModels.fit(votes[votes["study"] != study]).predict(own))
    return pd.concat(parts).loc[votes.index]


def auc(asked: Bools, score: Floats) -> float:
    """Area under the ROC curve [ratio], ties counting half (Mann and Whitney 1947); NaN if all are alike."""
    positive, negative = int(asked.sum()), int((~asked).sum())
    if not positive or not negative:
        return float("nan")
    ranks = pd.Series(score).rank().to_numpy()
    return float((ranks[asked].sum() - positive * (positive + 1) / 2) / (positive * negative))


def reliability(asked: Bools, chance: Floats, bins: int = BINS) -> tuple[Bin, ...]:
    """Predicted and observed shares in equally full bins, the least likely first."""
    order = np.argsort(chance, kind="stable")
    return tuple(
        Bin(len(part), float(chance[part].mean()), float(asked[part].mean()))
        for part in np.array_split(order, bins)
        if len(part)
    )


def calibration_error(bins: Iterable[Bin]) -> float:
    """Expected calibration error [ratio]: mean distance of predicted from observed, weighed by votes."""
    known = tuple(bins)
    return sum(b.votes * abs(b.predicted - b.observed) for b in known) / sum(b.votes for b in known)


def _judge(votes: pd.DataFrame, name: str, chance: "pd.Series[float]") -> Preference:
    def score(rows: pd.DataFrame) -> Score:
        return _score(rows, name, np.asarray(chance.loc[rows.index], np.float64))

    own = {int(study): votes[votes["study"] == study] for study in votes["study"].unique()}
    by_study = {study: score(rows) for study, rows in sorted(own.items()) if len(rows) >= MIN_VOTES}
    without = [score(votes[votes["study"] != study]) for study in own]
    asked = (votes["preference"] == name).to_numpy(bool)
    return Preference(
        all_votes=score(votes),
        auc_se=_jackknife([each.auc for each in without]),
        calibration_error_se=_jackknife([each.calibration_error for each in without]),
        mean_study_auc=float(np.mean([each.auc for each in by_study.values()])),
        mean_study_home_pmv_auc=float(np.mean([each.home_pmv_auc for each in by_study.values()])),
        by_study=by_study,
        bins=reliability(asked, np.asarray(chance, np.float64)),
    )


def _score(votes: pd.DataFrame, name: str, chance: Floats) -> Score:
    asked = (votes["preference"] == name).to_numpy(bool)
    sign = 1.0 if name == COOLER else -1.0
    known = votes["pmv"].notna().to_numpy(bool)
    at_home = pmv(
        votes["temperature_c"].to_numpy(np.float64),
        votes["rh_pct"].fillna(USUAL_RH_PCT).to_numpy(np.float64),
    )
    return Score(
        votes=len(votes),
        observed=float(asked.mean()),
        predicted=float(chance.mean()),
        auc=auc(asked, chance),
        calibration_error=calibration_error(reliability(asked, chance)),
        pmv_votes=int(known.sum()),
        auc_beside_pmv=auc(asked[known], chance[known]),
        pmv_auc=auc(asked[known], sign * votes["pmv"].to_numpy(np.float64)[known]),
        home_pmv_auc=auc(asked, sign * at_home),
    )


def _jackknife(without: list[float]) -> float:
    """Standard error from the figures without each study (Efron and Tibshirani 1993, equation 11.5)."""
    figures = np.array(without)
    return float(np.sqrt((len(figures) - 1) / len(figures) * ((figures - figures.mean()) ** 2).sum()))


def _known(document: Any) -> Any:  # noqa: ANN401 (any JSON)
    """JSON has no NaN, and only text as keys."""
    walk: Callable[[Any], Any] = _known
    match document:
        case dict():
            return {str(name): walk(value) for name, value in document.items()}
        case list() | tuple():
            return [walk(value) for value in document]
        case float() if np.isnan(document):
            return None
        case _:
            return document
