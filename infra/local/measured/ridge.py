"""Ridge regression on the same features as the trees: the challenger that is always there (ADVICE.md, traps).

Hoerl and Kennard 1970. The hour of the day enters as two harmonics, since a line through 24 hours says
nothing; the energy model's own physical features (`cloud.energy.tree_inputs`) enter too.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from cloud.energy import TREE_FEATURES, tree_inputs
from cloud.trees import Floats

PENALTY: Final = 1.0
"""Of standardised features, as is the usual default; an assumption, not tuned."""

_HOUR = TREE_FEATURES.index("solar_hour")


@dataclass(frozen=True, slots=True)
class Ridge:
    """A fitted line.

    Attributes:
        fill: What an unknown feature counts as: its mean in training, (k,).
        spread: Standard deviation of each feature in training, (k,).
        slopes: Of the standardised features, (k,).
        mean_kwh: Mean of the target [kWh/h].
    """

    fill: Floats
    spread: Floats
    slopes: Floats
    mean_kwh: float

    @classmethod
    def fit(cls, rows: Floats, energy_kwh: Floats) -> Self:
        """From `ENERGY_FEATURES` (n, features) and energy (n,) [kWh]."""
        inputs = _inputs(rows)
        known = ~np.isnan(inputs)
        count = np.maximum(known.sum(axis=0), 1)
        fill = np.where(known, inputs, 0.0).sum(axis=0) / count
        filled = np.where(known, inputs, fill)
        spread = filled.std(axis=0)
        spread[spread < 1e-9] = 1.0  # noqa: PLR2004 (a constant feature)
        scaled = (filled - fill) / spread
        mean_kwh = float(energy_kwh.mean())
        normal = scaled.T @ scaled + PENALTY * np.eye(scaled.shape[1])
        slopes = np.linalg.solve(normal, scaled.T @ (energy_kwh - mean_kwh))
        return cls(fill, spread, slopes, mean_kwh)

    def predict(self, rows: Floats) -> Floats:
        """(n, features) to (n,) [kWh/h], never negative."""
        inputs = _inputs(rows)
        scaled = (np.where(np.isnan(inputs), self.fill, inputs) - self.fill) / self.spread
        return np.asarray(np.maximum(self.mean_kwh + scaled @ self.slopes, 0.0))


def _inputs(rows: Floats) -> Floats:
    inputs = tree_inputs(rows)
    angle = 2 * np.pi * inputs[:, _HOUR] / 24
    waves = [wave(times * angle) for times in (1, 2) for wave in (np.sin, np.cos)]
    return np.column_stack([np.delete(inputs, _HOUR, axis=1), *waves])
