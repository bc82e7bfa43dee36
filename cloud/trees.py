"""Trees: LightGBM behind plain arrays; kept as text, which unlike a pickle can run nothing when loaded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd

from cloud.tree_cluster import grow_together

Floats = npt.NDArray[np.float64]

MAX_TREES = 150
"""Keeps a decision cheap: ADVICE.md, speed."""


@dataclass(frozen=True, slots=True)
class TreeParams:
    """How trees are grown; the same parameters and rows give the same bits.

    Attributes:
        trees: Number of trees, at most `MAX_TREES`.
        leaves: Leaves of each.
        learning_rate: Weight of each tree [ratio].
        min_rows_leaf: Rows behind every leaf.
        threads: Threads while training; no bit of the trees depends on it. One: trees of this size are too
            small to share, two took twice the time of one on free cores and many times where others work.
        seed: Of LightGBM.
        cluster: Address of a Dask scheduler whose workers grow them together; empty: this process.
    """

    trees: int = 100
    leaves: int = 28
    learning_rate: float = 0.1
    min_rows_leaf: int = 100
    threads: int = 1
    seed: int = 1
    cluster: str = ""


class Trees:
    """A trained booster.

    Args:
        text: LightGBM's own text format.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._booster = lgb.Booster(model_str=text)

    @classmethod
    def grow(  # noqa: PLR0913 (what is learnt from, and how: nothing of it goes together)
        cls,
        rows: pd.DataFrame,
        target: "pd.Series[float]",
        *,
        monotone: Mapping[str, int],
        objective: str,
        params: TreeParams,
        start: "Trees | None" = None,
        weight: Floats | None = None,
    ) -> Self:
        """Fit on `rows` (n, features) and `target` (n,).

        Args:
            rows: Features, their names as columns.
            target: What to predict.
            monotone: Sign of the slope by feature; absent = any.
            objective: LightGBM's name of it.
            params: How trees are grown.
            start: Trees to go on from: `params.trees` are added to them.
            weight: Of each row (n,), 1 on average; absent = all the same.
        """
        settings = {
            "objective": objective,
            "num_leaves": params.leaves,
            "learning_rate": params.learning_rate,
            "min_data_in_leaf": params.min_rows_leaf,
            "monotone_constraints": [monotone.get(name, 0) for name in rows.columns],
            "monotone_constraints_method": "intermediate",
            "num_threads": params.threads,
            "seed": params.seed,
            "deterministic": True,
            "force_row_wise": True,
            "max_bin": 127,
            "verbose": -1,
        }
        names = [str(name) for name in rows.columns]
        inputs = rows.to_numpy(np.float64)
        wanted: Floats = np.asarray(target, np.float64)
        if params.cluster and start is None:  # few trees are added to others, and quickly, here
            told = settings | {"feature_name": names, "num_boost_round": min(params.trees, MAX_TREES)}
            return cls(grow_together(inputs, wanted, weight, told, params.cluster))
        data = lgb.Dataset(inputs, wanted, weight=weight, feature_name=names)
        room = MAX_TREES - (0 if start is None else start.count)
        booster = lgb.train(
            settings,
            data,
            num_boost_round=max(0, min(params.trees, room)),
            init_model=None if start is None else lgb.Booster(model_str=start.text),
        )
        return cls(booster.model_to_string())

    @property
    def features(self) -> tuple[str, ...]:
        """The columns that `predict` wants, by the names that they had in training."""
        return tuple(self._booster.feature_name())

    @property
    def count(self) -> int:
        """How many trees there are."""
        return int(self._booster.num_trees())

    def predict(self, rows: Floats) -> Floats:
        """(n, features) to (n,), on one thread: the caller shares the machine with everybody else."""
        return np.asarray(self._booster.predict(rows, num_threads=1), np.float64)


def matrix(frame: pd.DataFrame, features: Sequence[str]) -> Floats:
    """The feature columns of `frame` as (n, features)."""
    return frame[list(features)].to_numpy(np.float64)
