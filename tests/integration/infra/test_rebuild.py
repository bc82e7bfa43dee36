"""A trained version is made again from its lineage, byte for byte, while the lake has its readings."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cloud.adapters.parquet_lake import ParquetLake
from cloud.config import CloudSettings
from cloud.ports.models import Note
from cloud.ports.telemetry import LoggedReading
from cloud.wiring.registry import open_registry
from device_sim.fleet import FleetSpec
from edge.contract import Telemetry
from infra.local.sim import simulate
from infra.local.sim_plan import SimPlan
from infra.local.training_job import CannotRebuildError, rebuild, run_job

START = datetime(2025, 7, 1, 7, tzinfo=UTC)
DAYS = 36


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with eight homes, to be copied."""
    out = tmp_path_factory.mktemp("rebuild") / "homes"
    simulate(SimPlan(out, FleetSpec(8, seed=3, start=START, step_s=900), DAYS), lambda _done, _total: None)
    return out


@pytest.fixture(scope="module")
def trained(homes: Path) -> tuple[Path, str]:
    """These homes, and a version that was trained on them."""
    out = shutil.copytree(homes, homes.with_name("trained"))
    return out, run_job(out, "train").version


def late(lake: ParquetLake, sampled_at: datetime, position: int) -> None:
    """A reading of a home that came after training."""
    device_id = lake.scan()["device_id"][0].as_py()
    reading = Telemetry(
        device_id=device_id, sampled_at=sampled_at, mode="cool", setpoint_c=20.0, indoor_dry_bulb_c=30.0
    )
    lake.write(position, [LoggedReading(position, reading)])


def test_is_made_again_until_the_lake_has_other_hours(trained: tuple[Path, str]) -> None:
    data_dir, version = trained
    lake = ParquetLake(data_dir / "lake" / "telemetry")
    registry = open_registry(CloudSettings(data_dir=data_dir))
    lineage = registry.lineage(version)
    assert lineage.lake_version == lake.snapshot().version
    assert lineage.scan_end == lake.scan()["sampled_at"].to_pandas().max() + timedelta(milliseconds=1)
    assert (lineage.homes, lineage.code["lightgbm"][:2]) == (8, "4.")
    assert registry.stages()[version] in {"champion", "rejected"}

    late(lake, START + timedelta(days=DAYS + 1), 10**9)  # behind what was read
    made = rebuild(data_dir, version)

    assert made.identical == dict.fromkeys(registry.load(version).files, True)
    assert made.code_changes == {}

    late(lake, START + timedelta(days=DAYS - 2, minutes=7), 10**9 + 1)
    with pytest.raises(CannotRebuildError, match="the lake has other hours now"):
        rebuild(data_dir, version)


def test_the_past_that_was_replayed_is_in_the_lineage_and_makes_the_same_bytes(
    homes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The features of a window, and of a week before it, look back 8 days more."""
    monkeypatch.setattr("infra.local.training_data.WINDOW_DAYS", 8)
    data_dir = shutil.copytree(homes, tmp_path / "homes")

    version = run_job(data_dir, "fine_tune").version
    registry = open_registry(CloudSettings(data_dir=data_dir))
    lineage = registry.lineage(version)
    assert registry.lineage(run_job(data_dir, "hot_fix").version).earlier_spans == ()

    assert len(lineage.earlier_spans) >= 1
    assert all(end <= lineage.scan_start for _, end in lineage.earlier_spans if lineage.scan_start)
    assert set(rebuild(data_dir, version).identical.values()) == {True}

    late(ParquetLake(data_dir / "lake" / "telemetry"), START + timedelta(days=17, minutes=7), 10**9)
    with pytest.raises(CannotRebuildError, match="the lake has other hours now"):
        rebuild(data_dir, version)


def test_what_was_not_trained_here_or_lost_its_parent_cannot_be(trained: tuple[Path, str]) -> None:
    data_dir, version = trained
    registry = open_registry(CloudSettings(data_dir=data_dir))
    (parent,) = [name for name in registry.stages() if name != version]
    with pytest.raises(CannotRebuildError, match="not trained here"):
        rebuild(data_dir, parent)

    if registry.resolve("champion") == parent:
        note = Note("ada", "to let the parent go")
        registry.put(version, "registered", note)
        registry.promote(version, note, over=parent)
        registry.put(parent, "rejected", note)
        registry.remove([parent], note)
        with pytest.raises(CannotRebuildError, match="its parent base-3 was removed"):
            rebuild(data_dir, version)
