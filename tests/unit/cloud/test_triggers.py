"""Triggers: when one fires, when it is quiet, and what it leads to."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from cloud.triggers import RULES, Memory, Signal, TriggerName, after_job, by_command, decide

T0 = datetime(2025, 7, 1, 3, tzinfo=UTC)
HOMES = RULES["homes"]


def signal(value: float, trigger: TriggerName = "homes", cohort: str = "fleet") -> Signal:
    return Signal(trigger=trigger, cohort=cohort, subject="", value=value, words=f"{trigger} {value}")


def firings(values: Sequence[float]) -> list[bool]:
    """Whether a trigger fires on each of some days on which no job runs."""
    memory, fired = Memory(), []
    for day, value in enumerate(values):
        decision = decide([signal(value)], memory, T0 + timedelta(days=day), room=50)
        fired.append(bool(decision.fired))
        memory = decision.memory
    return fired


def test_fires_at_its_upper_limit_and_again_only_after_it_was_below_the_lower_one() -> None:
    between = (HOMES.upper + HOMES.lower) / 2

    fired = firings([between, HOMES.upper, 1.0, between, 1.0, HOMES.lower / 2, between, HOMES.upper])

    assert fired == [False, True, False, False, False, False, False, True]


def test_what_nobody_knows_changes_nothing() -> None:
    loud = decide([signal(1.0)], Memory(), T0, room=50)

    unknown = decide([signal(float("nan"))], loud.memory, T0, room=50)

    assert unknown.fired == ()
    assert unknown.memory == loud.memory


def test_a_job_lets_its_triggers_fire_again_and_moves_what_their_cohorts_are_compared_with() -> None:
    decision = decide([signal(1.0, cohort="machine inverter"), signal(9.0, "age")], Memory(), T0, room=50)

    memory = after_job(decision, T0)

    assert memory.quiet == {}
    assert memory.drift_job == {"machine inverter": T0}  # time that passes is no drift
    assert decide([signal(1.0, cohort="machine inverter")], memory, T0, room=50).fired != ()


def test_a_trigger_that_was_quiet_stays_so_when_a_job_of_others_has_run() -> None:
    quiet = decide([signal(1.0)], Memory(), T0, room=50).memory
    other = decide([signal(1.0), signal(9.0, "age")], quiet, T0, room=50)

    memory = after_job(other, T0)

    assert [each.trigger for each in other.fired] == ["age"]
    assert set(memory.quiet) == {signal(1.0).key}


@pytest.mark.parametrize(
    ("loud", "room", "update"),
    [
        ([], 50, None),
        ([signal(1.0, "level")], 50, "hot_fix"),
        ([signal(1.0, "level")], 10, "fine_tune"),  # no room for more trees
        ([signal(1.0, "level"), signal(1.0, "weather")], 50, "fine_tune"),
        ([signal(1.0, "population")], 50, "fine_tune"),
        ([signal(8.0, "age")], 50, "fine_tune"),
    ],
)
def test_what_is_to_be_done(loud: list[Signal], room: int, update: str | None) -> None:
    assert decide(loud, Memory(), T0, room=room).update == update


def test_the_reason_names_cohorts_and_says_the_strongest_first() -> None:
    decision = decide([signal(8.0, "age"), signal(0.5, cohort="region +30-115")], Memory(), T0, room=50)

    assert decision.trigger == "homes"
    assert decision.reason == "region +30-115: homes 0.5; fleet: age 8.0"
    assert by_command("train", "asked for", Memory()).trigger == "manual"
