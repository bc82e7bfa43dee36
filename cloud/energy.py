"""Energy: what an hour of cooling costs: the home's steady state, times what LightGBM has learnt of it.

A home draws in proportion to the degrees between outdoors and its setpoint, and its last week says how much
for each of them (`steady_kwh`: its grey box in steady state). The trees learn the ratio of an hour's energy
to that, over all homes: one of twice the size is no other home to them, and in a heat wave, of which trees
know nothing, the line goes on. Trees and line are monotone where physics leaves no doubt, and both are
positive, so their product is monotone too.

The trees see past setpoints as *rises*: how much warmer this hour is kept than the hours before. A warmer
setpoint then has two effects that cannot be mistaken for each other: that of the level, which lasts, and that
of the rise, which is large and over in a day. Both are constrained, so staying warmer never costs more; with
the past setpoints as they are, 16 % of sustained +1 °C did.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from cloud.feature_catalogue import ENERGY_FEATURES, ENERGY_MONOTONE, ENERGY_TARGET, HOME_FEATURES
from cloud.trees import Floats, TreeParams, Trees, matrix

RISES: Final = {"setpoint_3h_c": "setpoint_rise_3h_k", "setpoint_24h_c": "setpoint_rise_24h_k"}
"""Past setpoints, and what the trees see instead: how far this hour's setpoint is above them [K]."""

GAINS_K: Final = 4.0
"""Heat of sun, people and appliances, as degrees of the outdoor air [K]: about 0.5 kW over 120 W/K."""

DAY_WEIGHT: Final = 0.5
"""How far the degrees of a whole day count beside those of the hour [ratio]: about half of the load comes
through walls that are slower than hours; chosen on the split `validate`."""

SOFT_K: Final = 1.0
"""Over so many kelvins the line bends to its floor [K]: of a mean over hours nothing stops all at once."""

LEAST_K: Final = 0.3
"""The degrees that count are never taken for less [K]: a machine at rest draws a little."""

COLD_K: Final = -2.0
"""The mean degrees of a home that cools are never taken for less [K]: sun and people bring the heat then."""

UNKNOWN_K: Final = 4.0
"""Degrees where the outdoor air is not known [K]: as on an ordinary afternoon."""

USUAL_KWH_PER_K: Final = 0.08
"""An hour's energy for each kelvin in a home without a past [kWh/K]: as homes of the split `train`."""

PER_K_RANGE: Final = (0.005, 1.0)
"""What a home may be taken for [kWh/K]; a large house of 10 kW electric is within."""

TREE_FEATURES: Final = (
    *(RISES.get(name, name) for name in ENERGY_FEATURES),
    "degree_k",
    "degree_24h_k",
)
"""What the trees see: `ENERGY_FEATURES` in their order with the rises in place, and how far it is warmer
outside than the setpoint, now and over a day [K]."""

TREE_MONOTONE: Final = {
    **{RISES.get(name, name): -sign if name in RISES else sign for name, sign in ENERGY_MONOTONE.items()},
    **dict.fromkeys(TREE_FEATURES[len(ENERGY_FEATURES) :], +1),
}
"""`ENERGY_MONOTONE` in their terms: a rise costs less now, as a warmer past costs more; degrees cost."""

LOSABLE: Final = (
    ("outdoor_dry_bulb_c", "outdoor_dry_bulb_24h_c", "home_degree_168h", "home_on_degree_168h"),
    ("indoor_rh_1h_pct",),
    HOME_FEATURES,
)
"""Features that are missing together when a home has no such sensor, or no history yet."""

LOST_RATIO: Final = 0.03
"""Share of training hours in which each of them is taken away [ratio]. Where training knows no missing value
LightGBM reads one as zero: a home without an outdoor sensor would be in frost."""

STEADY_PLACES: Final = [
    ENERGY_FEATURES.index(name)
    for name in (
        "setpoint_c",
        "outdoor_dry_bulb_c",
        "outdoor_dry_bulb_24h_c",
        "home_on_kwh_168h",
        "home_on_degree_168h",
    )
]
"""Features behind `steady_kwh`, by their places in `ENERGY_FEATURES`."""

_SUSTAINED = [ENERGY_FEATURES.index(name) for name in ("setpoint_c", *RISES)]

ROUNDING_KWH = 1e-9
"""A step against physics below this is rounding [kWh]."""


class EnergyModel:
    """Electricity of an hour from `ENERGY_FEATURES`.

    Args:
        trees: The booster: energy over `steady_kwh` [ratio].
    """

    def __init__(self, trees: Trees) -> None:
        self.trees = trees

    def predict(self, rows: Floats) -> Floats:
        """(n, len(ENERGY_FEATURES)) to (n,) [kWh/h], never negative."""
        return np.asarray(np.maximum(self.trees.predict(tree_inputs(rows)), 0.0) * steady_kwh(rows))


def steady_kwh(rows: Floats, day_weight: float = DAY_WEIGHT) -> Floats:
    """What the home would draw had it always been at this hour's degrees; positive, known for every row.

    Args:
        rows: `ENERGY_FEATURES`, (n, features).
        day_weight: Of the degrees of the day beside those of the hour [ratio].

    Returns:
        (n,) [kWh/h].
    """
    setpoint_c, outdoor_c, outdoor_24h_c, on_kwh, on_degree_k = rows[:, STEADY_PLACES].T
    degree_k = _known(outdoor_c - setpoint_c, UNKNOWN_K)
    mean_k = day_weight * _known(outdoor_24h_c - setpoint_c, degree_k) + (1.0 - day_weight) * degree_k
    driving_k = SOFT_K * np.logaddexp(0.0, (mean_k + GAINS_K) / SOFT_K) + LEAST_K
    usual_k = np.maximum(_known(on_degree_k, UNKNOWN_K), COLD_K) + GAINS_K
    per_k = np.clip(_known(on_kwh / usual_k, USUAL_KWH_PER_K), *PER_K_RANGE)
    return np.asarray(per_k * driving_k)


def _known(values: Floats, otherwise: Floats | float) -> Floats:
    return np.where(np.isnan(values), otherwise, values)


def tree_inputs(rows: Floats) -> Floats:
    """(n, len(ENERGY_FEATURES)) to (n, len(TREE_FEATURES)); an unknown past setpoint has no rise."""
    inputs = np.empty((len(rows), len(TREE_FEATURES)))
    inputs[:, : len(ENERGY_FEATURES)] = rows
    columns = dict(zip(TREE_FEATURES, inputs.T, strict=True))
    setpoint_c = columns["setpoint_c"]
    for name in RISES.values():
        rise_k = setpoint_c - columns[name]
        columns[name][:] = np.where(np.isnan(rise_k), 0.0, rise_k)
    np.subtract(columns["outdoor_dry_bulb_c"], setpoint_c, out=columns["degree_k"])
    np.subtract(columns["outdoor_dry_bulb_24h_c"], setpoint_c, out=columns["degree_24h_k"])
    return inputs


def are_usable(hours: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Which hours are of known place, energy and past setpoint, and only cooling or nothing ran, (n,)."""
    known = [hours[name].notna().to_numpy() for name in (ENERGY_TARGET, "setpoint_24h_c", "solar_hour")]
    only_cooling = hours["other_mode_ratio"].fillna(0.0).to_numpy() == 0.0
    return np.asarray(np.logical_and.reduce([*known, only_cooling]))


def usable_energy_hours(hours: pd.DataFrame) -> pd.DataFrame:
    """Those of `hours` that `are_usable`."""
    return hours[are_usable(hours)]


def fit_energy(hours: pd.DataFrame, params: TreeParams, start: EnergyModel | None = None) -> EnergyModel:
    """Fit on the usable ones of `hours` (columns of `cloud.features`); from `start` on, if given."""
    usable = are_usable(hours)
    rows = _without_some_sensors(matrix(hours, ENERGY_FEATURES)[usable], params.seed)
    steady = steady_kwh(rows)
    trees = Trees.grow(
        pd.DataFrame(tree_inputs(rows), columns=list(TREE_FEATURES)),
        hours.loc[usable, ENERGY_TARGET] / steady,
        weight=steady**2 / np.mean(steady**2),  # so that squares of energies are least, not of ratios
        monotone=TREE_MONOTONE,
        objective="regression",
        params=params,
        start=None if start is None else start.trees,
    )
    return EnergyModel(trees)


def wrong_slopes(model: EnergyModel, hours: pd.DataFrame, signs: Mapping[str, int] = ENERGY_MONOTONE) -> int:
    """How often the model goes against physics on a grid through real hours.

    Continued training can drop LightGBM's constraints without a word (ADVICE.md, traps), so a model is
    looked at before it is promoted: each constrained feature is swept over its range at up to 64 hours, and
    so are all setpoints together, which is what staying warmer means.

    Returns:
        Steps of the sweeps with the wrong sign.
    """
    hours = usable_energy_hours(hours)
    rows = matrix(hours.iloc[:: max(1, -(-len(hours) // 64))], ENERGY_FEATURES)
    warmer_k = np.linspace(-3.0, 3.0, 13)
    wrong = _wrong_steps(model, rows, _SUSTAINED, np.tile(warmer_k, (len(rows), 1)), -1)
    for name, sign in signs.items():
        place = ENERGY_FEATURES.index(name)
        sweep = np.linspace(hours[name].min(), hours[name].max(), 25)
        wrong += _wrong_steps(model, rows, [place], sweep - rows[:, [place]], sign)
    return wrong


def _wrong_steps(model: EnergyModel, rows: Floats, places: list[int], shifts: Floats, sign: int) -> int:
    """Steps against `sign` while the features at `places` are raised by each row's shifts, (n, steps)."""
    grid = np.repeat(rows, shifts.shape[1], axis=0)
    grid[:, places] += shifts.reshape(-1, 1)
    steps = np.diff(model.predict(grid).reshape(shifts.shape), axis=1)
    return int((sign * steps < -ROUNDING_KWH).sum())


def _without_some_sensors(rows: Floats, seed: int) -> Floats:
    """Rows of which some have lost a sensor, so that the trees learn what to do without."""
    random, rows = np.random.default_rng(seed), rows.copy()
    for names in LOSABLE:
        lost = random.random(len(rows)) < LOST_RATIO
        for name in names:
            rows[lost, ENERGY_FEATURES.index(name)] = np.nan
    return rows
