import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from device_sim.faults.plan import BUFFER_READINGS, Fault, FaultPlan, FaultPlanError, RandomFault, read_plan

NOON = datetime(2025, 7, 1, 12, tzinfo=UTC)
CLOGGED: dict[str, Any] = {"kind": "clogged_filter", "starts_at": "2025-07-01T12:00Z", "severity": 0.5}


def write(tmp_path: Path, document: object) -> Path:
    path = tmp_path / "faults.json"
    path.write_text(json.dumps(document))
    return path


def test_a_list_of_faults_is_a_plan(tmp_path: Path) -> None:
    plan = read_plan(write(tmp_path, [CLOGGED | {"homes": [3, "ac-7"]}]))

    (fault,) = plan.faults
    assert (fault.kind, fault.starts_at, fault.ends_at, fault.severity) == ("clogged_filter", NOON, None, 0.5)
    assert fault.homes == (3, "ac-7")
    assert plan.device_ids == ("ac-7",)
    assert plan.buffer_readings == BUFFER_READINGS


def test_a_whole_plan_may_be_given(tmp_path: Path) -> None:
    by_chance = {"kind": "reboot", "per_season": 2}

    plan = read_plan(write(tmp_path, {"faults": [CLOGGED], "random": [by_chance], "buffer_readings": 12}))

    assert plan.random == (RandomFault(kind="reboot", per_season=2),)
    assert (len(plan.faults), plan.buffer_readings) == (1, 12)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "gremlins"}, "faults.1.kind: Input should be 'clogged_filter'"),
        ({"severity": 5}, "severity of clogged_filter is the share of the airflow lost, 0 to 0.9"),
        ({"severity": None}, "severity of clogged_filter is the share of the airflow lost"),
        ({"ends_at": "2025-07-01T11:00Z"}, "ends_at has to be after starts_at"),
        ({"starts_at": "2025-07-01T12:00"}, "faults.1.starts_at: Input should have timezone info"),
        ({"homes": [1], "share": 0.5}, "either homes or share"),
        ({"share": 2}, "faults.1.share: Input should be less than or equal to 1"),
        ({"kind": "drifting_sensor", "severity": 2}, "drifting_sensor needs ends_at"),
        ({"serverity": 0.5}, "faults.1.serverity: Extra inputs"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_one_line(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    path = write(tmp_path, [CLOGGED, CLOGGED | change])

    with pytest.raises(FaultPlanError) as raised:
        read_plan(path)

    assert str(raised.value).startswith(f"{path}: faults.1")
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_no_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "faults.json"
    path.write_text("[{")

    with pytest.raises(FaultPlanError, match="no JSON"):
        read_plan(path)


def test_kinds_without_severity_need_none() -> None:
    assert Fault(kind="wifi_outage", starts_at=NOON).severity is None
    with pytest.raises(ValidationError, match="s that the clock is fast"):
        RandomFault(kind="clock_skew", per_season=1)


def test_by_default_nothing_goes_wrong() -> None:
    assert FaultPlan() == FaultPlan(faults=(), random=())
