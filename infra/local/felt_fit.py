"""The fit behind `cloud.felt`: what leaves traces of how warm a home feels, on homes of the split `train`.

`python -m infra.local.felt_fit` prints the coefficients and what they leave, in a minute. Setpoints are by
lot after ten days at the habit, so that warm rooms and hot days are told apart. Only the simulator knows what
is felt.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from cloud.felt import Felt
from device_sim.fleet import Fleet, FleetSpec
from device_sim.policy import RandomisedSetpoints

Floats = npt.NDArray[np.float64]

CLIMATES = ("hot_dry", "hot_humid", "mild_summer")
START = datetime(2025, 6, 20, tzinfo=UTC)
HOMES, SEED = 40, 31
HABIT_DAYS, DAYS = 10, 22
STEPS_PER_DAY = 288
EVERY = 6
"""Steps from one row to the next."""


@dataclass(frozen=True, slots=True)
class FeltFit:
    """What came out.

    Attributes:
        load_k: Kelvin felt at full load instead of none.
        humidity_k_per_pct: Kelvin felt for each % of relative humidity.
        walls_ratio: Kelvin felt for each kelvin by which the air was warmer in the last hours.
        moved_k: By climate, how much the felt temperature moves around the shown one [K].
        left_k: By climate, what the three terms leave of that [K].
    """

    load_k: float
    humidity_k_per_pct: float
    walls_ratio: float
    moved_k: dict[str, float]
    left_k: dict[str, float]


def fit() -> FeltFit:
    """Least squares over all homes and climates."""
    rows = {climate: _rows(climate) for climate in CLIMATES}
    traces = np.concatenate([x for x, _ in rows.values()])
    felt_k = np.concatenate([y for _, y in rows.values()])
    solved = np.linalg.lstsq(traces, felt_k, rcond=None)[0]
    load_k, humidity, walls = (round(float(value), 3) for value in solved)
    return FeltFit(
        load_k,
        humidity,
        walls,
        {climate: round(float(y.std()), 2) for climate, (_, y) in rows.items()},
        {climate: round(float((y - x @ solved).std()), 2) for climate, (x, y) in rows.items()},
    )


def _rows(climate: str) -> tuple[Floats, Floats]:
    """Traces `(rows, 3)` and felt less shown `(rows,)`, both less what is usual in each home."""
    fleet = Fleet(FleetSpec(HOMES, SEED, START, climate=climate, split="train"), DAYS)
    lots, watched = RandomisedSetpoints(fleet), [Felt() for _ in fleet.sites]
    usual_k: list[Floats] = []
    traces: list[Floats] = []
    felt_k: list[Floats] = []
    for step in range(DAYS * STEPS_PER_DAY):
        habit = step < HABIT_DAYS * STEPS_PER_DAY
        for device_id, desired in () if habit else lots.commands(fleet):
            fleet.command(device_id, desired)
        readings = fleet.step()
        for home, felt in enumerate(watched):
            felt.observe(readings.telemetry(home), gap_s=fleet.spec.step_s, usual=habit)
        offset_k = fleet.felt_c() - readings.indoor_dry_bulb_c
        if habit:
            usual_k.append(offset_k)
        elif step % EVERY == 0:
            seen = ~np.isnan(offset_k)
            traces.append(np.array([felt.traces() for felt in watched])[seen])
            felt_k.append((offset_k - np.nanmean(usual_k, axis=0))[seen])
    return np.concatenate(traces), np.concatenate(felt_k)


if __name__ == "__main__":
    print(fit())  # noqa: T201 (the command's answer)
