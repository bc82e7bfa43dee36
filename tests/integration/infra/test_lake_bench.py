"""`ac-advisor bench lake`, with few homes: what it says adds up, and it notices a wrong answer."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from cloud.adapters.parquet_lake import ParquetLake
from cloud.ports.telemetry import LoggedReading
from edge.contract import Telemetry
from infra.local import lake_questions
from infra.local.lake_bench import PROCESSES, RUNS_A_DAY, measure
from infra.local.lake_questions import DifferentAnswersError, alike, ask_both
from infra.local.plain_file import PlainFile

HOMES, DAYS = 16, 2


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lake_questions, "FLEET_ROUNDS", 1)
    monkeypatch.setattr(lake_questions, "HOMES_ASKED", 2)


def test_its_figures_add_up() -> None:
    told = list[tuple[int, int]]()

    figures = measure(HOMES, DAYS, lambda done, total: told.append((done, total)))

    assert 0.98 < figures.rows / (HOMES * DAYS * 288) <= 1.0
    assert figures.files <= 8 * (DAYS + 1) < figures.written_files * 8
    assert figures.written_files <= PROCESSES * (DAYS * RUNS_A_DAY + 1)
    assert told[-1] == (PROCESSES * (DAYS + 1), PROCESSES * (DAYS + 1))
    assert figures.features_days == DAYS
    assert all(value > 0 for value in asdict(figures).values())


def test_it_notices_a_lake_that_says_something_else(
    tmp_path: Path, make_telemetry: Callable[..., Telemetry]
) -> None:
    noon = datetime(2025, 7, 1, 12, tzinfo=UTC)
    lakes = [ParquetLake(tmp_path / name) for name in ("ours", "theirs")]
    for lake, setpoint_c in zip(lakes, (24.0, 24.5), strict=True):
        days = (noon, noon + timedelta(days=1))
        told = [make_telemetry(sampled_at=day, setpoint_c=setpoint_c) for day in days]
        lake.write(1, [LoggedReading(1 + place, each) for place, each in enumerate(told)])
    plain = PlainFile.of(lakes[1], tmp_path / "plain.parquet")

    with pytest.raises(DifferentAnswersError):
        ask_both(lakes[0], plain, (noon, noon + timedelta(days=1)), {"dev-1": 0.0}, 1)


def test_features_are_alike_but_for_their_last_bits() -> None:
    ours = pd.DataFrame({"device_id": ["a"], "setpoint_c": [24.0]})

    assert alike(ours, ours.assign(setpoint_c=24.0 + 1e-12))
    assert not alike(ours, ours.assign(setpoint_c=24.001))
