"""What `doctor` says of the workers' status files."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.local.ingest_lag import lags, read_statuses

NOON = datetime(2025, 7, 1, 12, 0, tzinfo=UTC)
WELL = {"at": NOON.isoformat(), "connected": True, "failing_since": None}


def write(data_dir: Path, name: str, status: dict[str, Any]) -> None:
    (data_dir / "run").mkdir(exist_ok=True)
    (data_dir / "run" / f"{name}.status.json").write_text(json.dumps(status))


@pytest.mark.parametrize(("change", "later_s", "problem"), [
    ({}, 5, None),
    ({}, 31, "told nothing for 31 s"),
    ({"connected": False}, 5, "does not reach the broker"),
    ({"failing_since": "2025-07-01T11:00:00+00:00"}, 5, "can commit nothing since 2025-07-01T11:00:00"),
])  # fmt: skip
def test_says_why_a_worker_does_not_keep_up(
    tmp_path: Path, change: dict[str, Any], later_s: int, problem: str | None
) -> None:
    write(tmp_path, "ingest-batch", WELL | change)

    ((name, said),) = lags(tmp_path, NOON + timedelta(seconds=later_s))

    assert name == "ingest-batch"
    assert said is None if problem is None else problem in (said or "")


def test_reads_what_each_worker_tells_and_passes_over_what_is_no_status(tmp_path: Path) -> None:
    assert read_statuses(tmp_path) == {}
    write(tmp_path, "ingest", WELL)
    (tmp_path / "run" / "ingest-event.status.json").write_text("{")

    assert read_statuses(tmp_path) == {"ingest": WELL}
