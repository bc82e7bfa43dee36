"""Forgetting devices in the lake's files: what is left on the disk, and what a kill on the way leaves."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from cloud.adapters.file_lake import ORPHAN_AFTER_S
from cloud.adapters.lake_files import LocalFiles
from cloud.adapters.memory_telemetry import MemoryReadingLog
from cloud.adapters.parquet_lake import ParquetLake
from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.errors import UnavailableError
from cloud.forgetting import forget
from cloud.lake_sealer import LakeSealer, SealPolicy
from cloud.ports.ingest import Forgetting
from cloud.ports.telemetry import IngestCommit, LoggedReading
from edge.contract import Telemetry

if TYPE_CHECKING:
    from tests.integration.cloud.conftest import Clock

NOON = datetime(2025, 7, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MakeTelemetry = Callable[..., Telemetry]


@pytest.fixture
def lake(tmp_path: Path, clock: "Clock") -> ParquetLake:
    return ParquetLake(tmp_path / "lake", clock=clock)


@pytest.fixture
def full(lake: ParquetLake, make_telemetry: MakeTelemetry) -> ParquetLake:
    """Two devices of one bucket on three days, of which one is merged."""
    hours = [0, *range(14, 34, 2), 40]
    for number, hour in enumerate(hours):
        at = NOON + timedelta(hours=hour)
        pair = [make_telemetry(device_id=name, sampled_at=at) for name in ("dev-1", "dev-14")]
        lake.write(2 * number + 1, [LoggedReading(2 * number + 1 + n, each) for n, each in enumerate(pair)])
    lake.compact(date(2025, 7, 2))
    return lake


def on_disk(root: Path, device_id: str) -> list[Path]:
    """The files below `root` that still have rows of a device, or name it."""
    return [path for path in root.rglob("*") if path.is_file() and holds(path, device_id)]


def holds(path: Path, device_id: str) -> bool:
    if path.name.endswith(".parquet"):
        return device_id in pq.read_table(path, partitioning=None)["device_id"].to_pylist()
    return device_id.encode() in path.read_bytes()


def test_no_file_has_a_row_of_a_forgotten_device(full: ParquetLake) -> None:
    assert on_disk(full.root, "dev-1")

    assert full.forget(["dev-1"], up_to=60) == Forgetting(12, complete=True)

    assert on_disk(full.root, "dev-1") == []
    assert full.scan()["device_id"].to_pylist() == ["dev-14"] * 12


@pytest.mark.parametrize("kill_at", range(40))
def test_whoever_is_killed_while_forgetting_the_next_sweep_goes_on(
    full: ParquetLake, clock: "Clock", monkeypatch: pytest.MonkeyPatch, kill_at: int
) -> None:
    before = [row for row in full.scan().to_pylist() if row["device_id"] != "dev-1"]
    with monkeypatch.context() as patched:
        steps = iter(range(kill_at))
        for name in ("create", "remove"):
            patched.setattr(LocalFiles, name, until_killed(getattr(LocalFiles, name), steps))
        with suppress(KilledError):
            full.forget(["dev-1"], up_to=60)
    again = ParquetLake(full.root, clock=clock)
    assert [row for row in again.scan().to_pylist() if row["device_id"] != "dev-1"] == before

    if kill_at == 0:
        again.forget(["dev-1"], up_to=60)
    clock.now_s += ORPHAN_AFTER_S + 1
    again.sweep()

    assert on_disk(full.root, "dev-1") == []
    assert again.scan().to_pylist() == before
    assert again.forget(["dev-1"], up_to=60) == Forgetting(0, complete=True)


class KilledError(BaseException):
    pass


def until_killed(method: Callable[..., object], steps: Iterator[int]) -> Callable[..., object]:
    def step(*arguments: object) -> object:
        if next(steps, None) is None:
            raise KilledError
        return method(*arguments)

    return step


def test_what_a_killed_writer_left_keeps_forgetting_incomplete_until_it_is_gone(
    full: ParquetLake, clock: "Clock", make_telemetry: MakeTelemetry, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(full._manifest, "commit", until_killed(full._manifest.commit, iter(())))
        with pytest.raises(KilledError):
            full.write(61, [LoggedReading(61, make_telemetry())])

    assert not full.forget(["dev-1"], up_to=61).complete
    assert len(on_disk(full.root, "dev-1")) == 1

    clock.now_s += ORPHAN_AFTER_S + 1
    full.sweep()
    assert on_disk(full.root, "dev-1") == []
    assert full.forget([], up_to=0).complete


def test_a_snapshot_from_before_does_not_give_a_forgotten_device_back(full: ParquetLake) -> None:
    snapshot = full.snapshot()

    full.forget(["dev-1"], up_to=60)

    with pytest.raises(UnavailableError):
        snapshot.scan()


def test_a_run_that_is_written_while_a_device_is_forgotten_has_no_row_of_it(
    full: ParquetLake, make_telemetry: MakeTelemetry, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = [
        LoggedReading(61, make_telemetry(setpoint_c=30.0)),
        LoggedReading(62, make_telemetry(device_id="b")),
    ]
    commit = full._manifest.commit

    def forget_first(propose: Callable[..., object]) -> bool:
        monkeypatch.setattr(full._manifest, "commit", commit)
        ParquetLake(full.root).forget(["dev-1"], up_to=62)
        return commit(propose)  # type: ignore[arg-type]

    monkeypatch.setattr(full._manifest, "commit", forget_first)
    full.write(61, run)

    assert on_disk(full.root, "dev-1") == []
    assert full.scan()["device_id"].to_pylist().count("b") == 1


def test_log_and_lake_forget_together_while_the_sealer_has_a_run_in_hand(
    tmp_path: Path, lake: ParquetLake, make_telemetry: MakeTelemetry, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings = SqliteReadingLog(tmp_path / "log" / "ingest.sqlite")
    sealer = LakeSealer(readings, lake, SealPolicy(1, 1.0))
    stay, go = make_telemetry(device_id="stays"), make_telemetry(device_id="goes-away-1")
    readings.commit(IngestCommit([stay, go]))
    write = lake.write

    def forget_meanwhile(first_position: int, run: list[LoggedReading]) -> None:
        monkeypatch.setattr(lake, "write", write)
        assert forget(readings, ParquetLake(lake.root), ["goes-away-1"]) == Forgetting(1, complete=True)
        write(first_position, run)

    monkeypatch.setattr(lake, "write", forget_meanwhile)
    sealer.seal()
    readings.commit(IngestCommit([go.model_copy(update={"setpoint_c": 30.0})]))
    assert on_disk(tmp_path / "lake", "goes-away-1") == []
    sealer.seal()

    assert lake.scan()["device_id"].to_pylist() == ["goes-away-1", "stays"]
    assert forget(readings, lake, ["goes-away-1"]) == Forgetting(2, complete=True)
    assert lake.scan()["device_id"].to_pylist() == ["stays"]
    assert on_disk(tmp_path, "goes-away-1") == []
    readings.close()


def test_forgetting_again_changes_nothing(lake: ParquetLake, make_telemetry: MakeTelemetry) -> None:
    readings = MemoryReadingLog()
    readings.commit(IngestCommit([make_telemetry()]))
    LakeSealer(readings, lake, SealPolicy(1, 1.0)).seal()

    assert forget(readings, lake, ["dev-1"]) == Forgetting(2, complete=True)
    assert forget(readings, lake, ["dev-1"]) == Forgetting(0, complete=True)
