"""The thermal prior: what homes are like before anything was measured, made once and shipped.

`python -m infra.local.thermal_prior` makes `cloud/base/thermal.json` anew, bit for bit, from the simulated
homes of the split `train` with setpoints by lot. Means and covariance are those of the homes, their fits'
own uncertainty taken into account: expectation maximisation of a normal population (Dempster, Laird &
Rubin 1977), with the normal approximation of each home's posterior.
"""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from cloud.thermal.fit import fit_nodes
from cloud.thermal.machine import fit_machine, load_ratio
from cloud.thermal.model import Drive
from cloud.thermal.prior import FILE, Prior
from cloud.thermal.rows import Floats, Rows
from device_sim.fleet import Fleet, FleetSpec
from device_sim.policy import RandomisedSetpoints
from device_sim.season import play_steps
from infra.local.thermal_fleets import rows_of

FLEETS = (
    ("hot_dry", datetime(2025, 6, 5, tzinfo=UTC)),
    ("hot_humid", datetime(2025, 7, 20, tzinfo=UTC)),
    ("mild_summer", datetime(2025, 7, 5, tzinfo=UTC)),
)
"""Climates with early and late summer."""

HOMES, DAYS, SEED = 60, 14, 21
"""Of each fleet."""

ROUNDS = 4
"""Of expectation and maximisation."""

BROAD = Prior(
    mean=np.log([1.5, 0.12, 0.4, 0.2, 5.0, 0.2, 0.02, 0.1, 0.008, 0.02]),
    covariance=np.diag([1.0, 1.0, 1.0, 1.0, 0.7, 1.0, 1.0, 1.0, 0.3, 0.3]) ** 2,
    control_k=np.array([0.0, 0.4]),
    control_spread_k=np.array([0.5, 0.5]),
    power=np.array([0.02, 0.9, 0.1, 0.15]),
    power_spread=np.array([0.05, 0.3, 0.3, 0.15]),
)
"""To begin with: orders of magnitude of a home of ISO 13790:2008; assumptions that the rounds forget."""


def fleet_rows(spec: FleetSpec, days: int) -> Rows:
    """Rows of a fleet with setpoints by lot."""
    fleet = Fleet(spec, days)
    steps = play_steps(fleet, days * 86_400 // spec.step_s, RandomisedSetpoints(fleet))
    return rows_of(fleet, steps, 0)


def population(parts: list[Rows]) -> Prior:
    """The prior of the homes in `parts`."""
    prior = BROAD
    loads = [load_ratio(rows) for rows in parts]
    for _ in range(ROUNDS):
        fits = [fit_nodes(Drive.of(rows, load), prior) for rows, load in zip(parts, loads, strict=True)]
        theta = np.concatenate([found[0] for found in fits])
        within = np.concatenate([np.linalg.inv(found[1]) for found in fits]).mean(axis=0)
        prior = replace(prior, mean=theta.mean(axis=0), covariance=np.cov(theta.T) + within)
    machines = [fit_machine(rows, load, BROAD) for rows, load in zip(parts, loads, strict=True)]
    control = np.concatenate([np.column_stack([each.offset_k, each.band_k]) for each in machines])
    power = np.concatenate([each.power for each in machines])
    return replace(
        prior,
        control_k=np.median(control, axis=0),
        control_spread_k=_spread(control),
        power=np.median(power, axis=0),
        power_spread=_spread(power),
    )


def _spread(values: Floats) -> Floats:
    return np.asarray(np.maximum(values.std(axis=0), 0.01))


def make_prior() -> Prior:
    """From all `FLEETS`."""
    specs = [
        FleetSpec(HOMES, SEED + place, start, climate=climate, split="train")
        for place, (climate, start) in enumerate(FLEETS)
    ]
    return population([fleet_rows(spec, DAYS) for spec in specs])


if __name__ == "__main__":
    Path("cloud/base", FILE).write_text(make_prior().to_json() + "\n", encoding="utf-8")
