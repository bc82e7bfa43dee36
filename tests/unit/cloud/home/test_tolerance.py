import pytest

from cloud.home_clock import HomeClock, Slot
from cloud.slot_summary import Author, SlotSummary
from cloud.tolerance import (
    FIRST_PROBE_K,
    PROBE_SLOTS,
    PROBE_STEP_K,
    QUIET_DAYS,
    RETREAT_K,
    SETTLE_DAYS,
    TOP_PROBE_K,
    Tolerance,
)

CLOCK = HomeClock("UTC")
DAY_S = 86_400
BUDGET = 0.05
"""One objection in twenty days."""


def evening(day: int) -> Slot:
    return CLOCK.slot(1_780_272_000.0 + day * DAY_S + PROBE_SLOTS[0] * 1800)


def half_hour(slot: Slot, *, author: Author = "advice", at_home: bool | None = True) -> SlotSummary:
    return SlotSummary(slot, author, 25.0, True, 25.0, 32.0, 0.6, at_home)  # noqa: FBT003


@pytest.fixture
def settled() -> Tolerance:
    """A home in which the first probe may begin, on day `SETTLE_DAYS`."""
    tolerance = Tolerance()
    tolerance.advised(evening(0))
    return tolerance


def prove(tolerance: Tolerance, day: int) -> None:
    """An evening as warm as the probe wants it."""
    assert tolerance.probe_k is not None
    for _ in range(4):  # two hours
        if tolerance.probe_k is not None:
            tolerance.learn(half_hour(evening(day)), tolerance.probe_k)


def test_starts_at_the_habit() -> None:
    assert Tolerance().level_k(20.0) == 0.0


def test_starts_half_a_degree_up_for_people_who_put_savings_first() -> None:
    assert Tolerance().level_k(5.0) == 0.5


def test_keeps_a_home_as_warm_as_it_is_anyway() -> None:
    tolerance = Tolerance()
    for _ in range(150):
        tolerance.live(-0.3)
    for _ in range(50):
        tolerance.live(0.4)

    assert tolerance.level_k(20.0) == pytest.approx(0.4)  # warmer than 90 % of its half-hours


def test_does_not_know_what_a_home_lives_with_before_three_days() -> None:
    tolerance = Tolerance()
    for _ in range(143):
        tolerance.live(0.6)

    assert tolerance.level_k(20.0) == 0.0


def test_never_probes_before_people_have_lived_with_advice(settled: Tolerance) -> None:
    assert settled.probe_now_k(evening(SETTLE_DAYS - 1), BUDGET) is None
    assert settled.probe_now_k(evening(SETTLE_DAYS), BUDGET) == FIRST_PROBE_K


def test_probes_in_the_evening_only(settled: Tolerance) -> None:
    noon = CLOCK.slot(1_780_272_000.0 + SETTLE_DAYS * DAY_S + 12 * 3600)

    assert settled.probe_now_k(noon, BUDGET) is None


def test_lives_a_retreat_below_a_probe_that_nobody_minded(settled: Tolerance) -> None:
    for day in (14, 16, 18):
        prove(settled, day)

    top = FIRST_PROBE_K + 2 * PROBE_STEP_K
    assert settled.held_k == top - RETREAT_K  # study C: hold = top less the retreat
    assert settled.probe_k == top + PROBE_STEP_K


def test_does_not_probe_two_evenings_in_a_row(settled: Tolerance) -> None:
    prove(settled, 14)

    assert settled.probe_now_k(evening(15), BUDGET) is None
    assert settled.probe_now_k(evening(16), BUDGET) is not None


def test_stops_at_the_top(settled: Tolerance) -> None:
    day = 14
    while settled.probe_k is not None:
        prove(settled, day)
        day += 2

    assert settled.held_k == TOP_PROBE_K - RETREAT_K


@pytest.mark.parametrize(
    "summary",
    [
        half_hour(evening(14), at_home=False),
        half_hour(evening(14), author="habit"),
    ],
)
def test_an_empty_home_or_its_habit_prove_nothing(settled: Tolerance, summary: SlotSummary) -> None:
    for _ in range(10):
        settled.learn(summary, FIRST_PROBE_K)

    assert settled.probe_k == FIRST_PROBE_K


def test_a_home_that_did_not_get_warm_proves_nothing(settled: Tolerance) -> None:
    for _ in range(10):
        settled.learn(half_hour(evening(14)), FIRST_PROBE_K - 0.5)

    assert settled.probe_k == FIRST_PROBE_K


def test_retreats_from_an_override_in_a_probe_and_never_probes_again(settled: Tolerance) -> None:
    for day in (14, 16):
        prove(settled, day)
    settled.object(evening(18), 2.0, "override")

    assert settled.held_k == 2.0 - RETREAT_K
    assert settled.probe_now_k(evening(60), BUDGET) is None


def test_backs_off_from_where_it_lives_when_somebody_objects_there(settled: Tolerance) -> None:
    for day in (14, 16, 18, 20):
        prove(settled, day)
    before = settled.held_k
    settled.object(evening(30), 1.4, "override")

    assert before == 1.5
    assert settled.held_k == pytest.approx(1.4 - RETREAT_K)  # more than the later step of 0.4 K


def test_each_later_objection_costs_something(settled: Tolerance) -> None:
    settled.object(evening(14), 2.0, "override")
    first = settled.level_k(20.0)
    settled.object(evening(20), 2.0, "override")

    assert settled.level_k(20.0) <= first - 0.4


def test_a_bit_warm_is_said_nearer_to_comfort_than_an_override(settled: Tolerance) -> None:
    settled.object(evening(14), 1.0, "a_bit_warm")

    assert settled.held_k == pytest.approx(0.6)


def test_gives_up_what_it_took_for_usual_when_people_object_to_it() -> None:
    tolerance = Tolerance()
    for _ in range(200):
        tolerance.live(0.6)
    tolerance.object(evening(14), 0.6, "too_hot")

    assert tolerance.level_k(20.0) == 0.0


def test_leaves_people_alone_for_some_days_after_they_changed_something(settled: Tolerance) -> None:
    settled.postpone(evening(20))

    assert settled.probe_now_k(evening(20 + QUIET_DAYS - 1), BUDGET) is None
    assert settled.probe_now_k(evening(20 + QUIET_DAYS), BUDGET) is not None


def test_probes_nobody_who_allows_no_override(settled: Tolerance) -> None:
    assert settled.probe_now_k(evening(SETTLE_DAYS), 0.0) is None
