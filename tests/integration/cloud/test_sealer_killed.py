"""The sealer, its merges among them, killed at random instants under load."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import IO

import pyarrow.parquet as pq
import pytest

from cloud.adapters.file_lake import MAX_FILES, ORPHAN_AFTER_S
from cloud.adapters.lake_manifest import FULL_EVERY
from cloud.adapters.parquet_lake import ParquetLake
from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.lake_sealer import LakeSealer, SealPolicy

ROOT = Path(__file__).parents[3]
NURSERY = Path(__file__).with_name("sealing_nursery.py")
DEVICES = 4
START, STEP = datetime.fromisoformat("2025-07-01T00:00:00+00:00"), timedelta(hours=2)


class Lives:
    """One process after the other; remembers what they have told."""

    def __init__(self, nursery: "subprocess.Popen[bytes]") -> None:
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        self._asks: IO[bytes] = nursery.stdin
        self._told: IO[bytes] = nursery.stdout
        self.acknowledged = -1
        self.killed_while_merging = 0

    def begin(self) -> int:
        """A new one; its process id."""
        self._asks.write(b"\n")
        self._asks.flush()
        return int(self._hear("born").split()[1])

    def hear_merging(self) -> None:
        """Until it merges."""
        self._hear("merging")

    def end(self, pid: int) -> None:
        """Kill it, and hear what it told before."""
        os.kill(pid, signal.SIGKILL)
        self._hear("dead")

    def _hear(self, awaited: str) -> str:
        last = ""
        for line in self._told:
            told = line.decode().strip()
            if told.startswith("acknowledged"):
                self.acknowledged = int(told.split()[1])
            if told.startswith(awaited):
                self.killed_while_merging += told == "dead" and last == "merging"
                return told
            last = told
        raise AssertionError("the nursery has ended")


@pytest.fixture
def lives(tmp_path: Path) -> Iterator[Lives]:
    environment = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(NURSERY), str(tmp_path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe) as nursery:
        yield Lives(nursery)
        assert nursery.stdin is not None
        nursery.stdin.close()


@pytest.mark.parametrize(
    "kills", [10, pytest.param(200, marks=[pytest.mark.slow, pytest.mark.timeout(1700)])]
)
def test_a_sealer_killed_at_random_loses_and_doubles_nothing_and_leaves_no_heap(
    lives: Lives, tmp_path: Path, kills: int
) -> None:
    random = Random(kills)  # noqa: S311 (when)
    for number in range(kills):
        pid = lives.begin()
        if number % 2:
            lives.hear_merging()
        time.sleep(random.uniform(0.0, 0.02 if number % 2 else 0.6))
        lives.end(pid)
    lake = sealed(tmp_path)

    rounds = SqliteReadingLog(tmp_path / "ingest.sqlite", read_only=True).head() // DEVICES
    assert lives.acknowledged < rounds <= lives.acknowledged + 2
    expected = [
        (f"dev-{place}", START + number * STEP, number)
        for place in range(DEVICES)
        for number in range(rounds)
    ]
    rows = lake.scan().select(["device_id", "sampled_at", "seq"]).to_pylist()
    assert [tuple(row.values()) for row in rows] == expected
    assert lives.killed_while_merging >= kills // 20  # of few kills perhaps none
    assert_only_the_lake_is_left(lake)


def sealed(folder: Path) -> ParquetLake:
    """The lake after the next process has caught up, and two hours have passed."""
    log = SqliteReadingLog(folder / "ingest.sqlite")
    sealer = LakeSealer(log, ParquetLake(folder / "lake"), SealPolicy(rows=1, interval_s=0.0))
    sealer.seal()
    sealer.step()
    log.close()
    later = ParquetLake(folder / "lake", clock=lambda: time.time() + 2 * ORPHAN_AFTER_S)
    later.sweep()
    return later


def assert_only_the_lake_is_left(lake: ParquetLake) -> None:
    snapshot = lake.snapshot()
    left = sorted(str(path.relative_to(lake.root)) for path in lake.root.glob("day=*/*/*"))
    assert left == sorted(file.name for file in snapshot.listing())
    assert sum(pq.read_metadata(lake.root / name).num_rows for name in left) == lake.count_readings()
    assert max(len(files) for files in snapshot.snapshot.parts.values()) <= 2 * MAX_FILES
    assert len(list((lake.root / "_manifest").iterdir())) <= 3 * FULL_EVERY
