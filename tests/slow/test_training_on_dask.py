"""Two workers make the same hours as one machine, and trees as good as its; wants the extra `dask`."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cloud.errors import UnavailableError
from cloud.training import TrainingParams
from cloud.tree_cluster import each_done
from cloud.trees import Floats, TreeParams, Trees
from device_sim.fleet import Fleet, FleetSpec
from infra.local.broker import free_ports
from infra.local.sim import simulate
from infra.local.sim_homes import record_homes
from infra.local.sim_plan import SimPlan
from infra.local.training_data import data_for

pytestmark = [
    pytest.mark.slow,
    pytest.mark.dask,
    pytest.mark.filterwarnings("default"),  # LightGBM's and Dask's own
]
ROWS, FEATURES = 4000, 6
DAYS = 10
WORSE = 1.03
"""So much larger an error would be seen: half of the rows make one that is [ratio]."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """Two workers in processes of their own, on loopback."""
    distributed = pytest.importorskip("distributed", reason="it comes with the extra `dask`")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None
    ) as made:
        yield made.scheduler_address


def _table(rows: int, seed: int) -> tuple[pd.DataFrame, "pd.Series[float]", Floats]:
    """Features, a noisy target, and the truth, which rises with the first feature."""
    rng = np.random.default_rng(seed)
    inputs = rng.uniform(-1, 1, (rows, FEATURES))
    truth = 2 * inputs[:, 0] + np.sin(4 * inputs[:, 1]) + inputs[:, 2] * inputs[:, 3]
    frame = pd.DataFrame(inputs, columns=[f"f{number}" for number in range(FEATURES)])
    return frame, pd.Series(truth + rng.normal(0, 0.5, rows)), truth


def _grow(rows: pd.DataFrame, target: "pd.Series[float]", cluster: str) -> Trees:
    params = TreeParams(trees=80, leaves=15, min_rows_leaf=20, cluster=cluster)
    return Trees.grow(rows, target, monotone={"f0": 1}, objective="regression", params=params)


def _error(trees: Trees, seed: int) -> float:
    rows, _, truth = _table(20_000, seed)
    return float(np.sqrt(np.mean((trees.predict(rows.to_numpy()) - truth) ** 2)))


def test_two_workers_predict_as_well_as_one_machine(cluster: str) -> None:
    ratios: dict[str, list[float]] = {"together": [], "half": []}
    for seed in (1, 2, 3):
        rows, target, _ = _table(ROWS, seed)
        alone = _error(_grow(rows, target, ""), seed + 100)
        ratios["together"].append(_error(_grow(rows, target, cluster), seed + 100) / alone)
        half = _grow(rows[: ROWS // 2], target[: ROWS // 2], "")
        ratios["half"].append(_error(half, seed + 100) / alone)

    print({name: [round(each, 3) for each in found] for name, found in ratios.items()})
    assert np.mean(ratios["together"]) < WORSE
    assert np.mean(ratios["half"]) > WORSE  # else this test would not see a worker that was left out


def test_what_must_rise_rises_with_two_workers_too(cluster: str) -> None:
    rows, target, _ = _table(ROWS, 4)

    trees = _grow(rows, target, cluster)

    steps = np.zeros((200, FEATURES))
    steps[:, 0] = np.linspace(-1, 1, 200)
    assert (np.diff(trees.predict(steps)) >= 0).all()
    assert trees.features == tuple(rows.columns)


def test_a_cluster_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    dask: Any = pytest.importorskip("dask")
    rows, target, _ = _table(100, 5)
    (port,) = free_ports(1)

    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        pytest.raises(UnavailableError, match="training cluster"),
    ):
        _grow(rows, target, f"tcp://127.0.0.1:{port}")


def test_the_setting_reaches_all_trees() -> None:
    params = TrainingParams().on("tcp://somewhere:8786")

    assert {params.energy.cluster, params.override.cluster} == {"tcp://somewhere:8786"}


def test_two_workers_make_the_hours_that_one_machine_makes(
    cluster: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the last bit, so that a version can be made again with or without them; the asker makes none."""
    fleet = FleetSpec(10, seed=3, start=datetime(2025, 7, 1, 7, tzinfo=UTC), step_s=900, split="train")
    plan = SimPlan(tmp_path / "homes", fleet, DAYS)
    simulate(plan, lambda _done, _total: None)
    record_homes(plan.out, Fleet(fleet, DAYS).sites)
    alone = data_for(plan.out, "train"), data_for(plan.out, "hot_fix")

    monkeypatch.setenv("CLOUD_TRAINING_CLUSTER", cluster)
    monkeypatch.setattr("infra.local.training_data.part_hours", None)  # in this process, not in theirs
    together = data_for(plan.out, "train"), data_for(plan.out, "hot_fix")

    assert len(alone[0].hours) == 10 * DAYS * 24
    for one, other in zip(alone, together, strict=True):
        pd.testing.assert_frame_equal(other.hours, one.hours, check_exact=True)
        assert (other.digest, other.scan_end) == (one.digest, one.scan_end)


def test_what_fails_at_a_worker_is_said_here(cluster: str) -> None:
    assert list(each_done(abs, [-1, 2, -3], cluster)) == [1, 2, 3]
    with pytest.raises(ZeroDivisionError):
        list(each_done((1).__floordiv__, [1, 0], cluster))
