from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cloud.advice import Installation
from cloud.advisor import HomeAdvisor
from cloud.champion import Champion
from edge.contract import Telemetry
from infra.local.judging.arms import Advised

NINE = datetime(2026, 6, 1, 9, tzinfo=UTC)
READING: Mapping[str, Any] = {
    "device_id": "ac-1",
    "mode": "cool",
    "indoor_dry_bulb_c": 24.0,
    "outdoor_dry_bulb_c": 32.0,
    "changed_by": "schedule",
}


@pytest.fixture
def arm() -> Advised:
    """An arm with one home, at its habit of 24 °C."""
    champion = Champion.from_package()
    advisor = HomeAdvisor(champion, Installation(24.0, 0.0, 0.0, "UTC", step_s=1800))
    advisor.observe(Telemetry(**READING, sampled_at=NINE - timedelta(hours=1), setpoint_c=24.0))
    return Advised(champion, {"ac-1": advisor})


def test_advice_is_commanded(arm: Advised) -> None:
    ((device_id, desired),) = arm.decide(NINE)

    assert (device_id, desired.setpoint_c, desired.requested_by) == ("ac-1", 24.0, "advisor")


def test_nothing_is_commanded_while_a_persons_word_stands(arm: Advised) -> None:
    """As the worker does: else their 26 °C would go on after the schedule point in our name."""
    changed = {**READING, "changed_by": "remote"}
    arm.advisors["ac-1"].observe(Telemetry(**changed, sampled_at=NINE + timedelta(hours=6), setpoint_c=26.0))

    assert list(arm.decide(NINE + timedelta(hours=7.5))) == []
    assert [desired.setpoint_c for _, desired in arm.decide(NINE + timedelta(hours=8))] == [24.0]
