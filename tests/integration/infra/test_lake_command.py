"""`ac-advisor lake` as a person runs it."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner
from structlog.testing import capture_logs

from cloud.adapters.parquet_lake import ParquetLake
from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.lake_sealer import LakeSealer, SealPolicy
from cloud.ports.telemetry import IngestCommit
from edge.contract import Telemetry
from infra.local.cli import commands
from infra.local.listings import NothingThereError

MakeTelemetry = Callable[..., Telemetry]


@pytest.fixture
def data_dir(tmp_path: Path, make_telemetry: MakeTelemetry) -> Path:
    """A lake of two devices, of which one has a reading in the log only."""
    lake = ParquetLake(tmp_path / "lake" / "telemetry")
    with closing(SqliteReadingLog(tmp_path / "ingest.sqlite")) as readings:
        readings.commit(IngestCommit([make_telemetry(), make_telemetry(device_id="dev-2")]))
        LakeSealer(readings, lake, SealPolicy(1, 1.0)).seal()
        readings.commit(IngestCommit([make_telemetry(setpoint_c=30.0)]))
    return tmp_path


def run(*arguments: str) -> str:
    with capture_logs():
        return CliRunner().invoke(commands, ["lake", *arguments], catch_exceptions=False).output


def test_forgets_devices(data_dir: Path) -> None:
    said = json.loads(run("forget", "dev-1", "--data-dir", str(data_dir), "--json"))

    assert said == {"devices": ["dev-1"], "rows_removed": 3, "complete": True}
    assert ParquetLake(data_dir / "lake" / "telemetry").scan()["device_id"].to_pylist() == ["dev-2"]
    assert run("forget", "dev-1", "--data-dir", str(data_dir)).startswith("0 rows of 1 device")


def test_tells_what_is_in_the_lake_and_what_it_takes(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = [path.stat().st_size for path in data_dir.rglob("*.parquet")]
    monkeypatch.setenv("CLOUD_DISK_BUDGET_LAKE_BYTES", str(sum(sizes) * 10 // 9))
    store = data_dir / "broker" / "jetstream" / "jetstream" / "CLOUD" / "streams"
    store.mkdir(parents=True)
    (store / "1.blk").write_bytes(bytes(1000))

    facts = json.loads(run("--data-dir", str(data_dir), "--json"))

    assert (facts["files"], facts["rows"], facts["days"]) == (len(sizes), 2, 1) == (2, 2, 1)
    assert facts["size_bytes"] == sum(sizes)
    assert facts["bytes_per_row"] == sum(sizes) / 2
    assert facts["first_day"] == facts["last_day"] == "2025-07-01"
    assert facts["disk"]["lake"]["state"] == "nearly_full"
    assert facts["disk"]["broker"]["used_bytes"] == 1000
    assert facts["disk"]["broker"]["state"] == "ok"
    assert "lake: 90% of its disk budget" in run("--data-dir", str(data_dir))


def test_makes_no_log_where_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(NothingThereError):
        run("forget", "dev-1", "--data-dir", str(tmp_path / "nowhere"))
    assert not (tmp_path / "nowhere").exists()
