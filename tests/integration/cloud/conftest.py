"""What tests of the lake's files share."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from cloud.adapters.parquet_lake import ParquetLake
from cloud.ports.telemetry import LoggedReading
from edge.contract import Telemetry

NOON = datetime(2025, 7, 1, 12, 0, tzinfo=UTC)
DAY = date(2025, 7, 1)
MakeTelemetry = Callable[..., Telemetry]


@dataclass
class Clock:
    """Seconds since 1970, as a test wants them."""

    now_s: float = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lake(tmp_path: Path, clock: Clock) -> ParquetLake:
    return ParquetLake(tmp_path / "lake" / "telemetry", clock=clock)


def write(lake: ParquetLake, first: int, *readings: Telemetry) -> None:
    lake.write(first, [LoggedReading(first + number, each) for number, each in enumerate(readings)])


def write_runs(lake: ParquetLake, make_telemetry: MakeTelemetry, count: int, first: int = 1) -> None:
    for position in range(first, first + count):
        write(lake, position, make_telemetry(sampled_at=NOON + timedelta(minutes=position)))


def files(lake: ParquetLake) -> list[str]:
    """What a plain reader of Hive partitions sees."""
    return sorted(str(each.relative_to(lake.root)) for each in lake.root.glob("day=*/bucket=*/*"))


def without_stamps(names: list[str]) -> list[str]:
    return [re.sub(r"-\d+-[0-9a-f]{8}\.parquet$", "", name) for name in names]
