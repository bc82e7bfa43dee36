import pytest

from cloud.home_clock import HomeClock, Slot
from cloud.slot_summary import Author, SlotSummary
from cloud.tolerance import (
    FIRST_PROBE_K,
    PROBE_EVERY_DAYS,
    PROBE_SLOTS,
    PROBE_STEP_K,
    QUIET_DAYS,
    RETREAT_K,
    SEARCH_DAYS,
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


def prove_until(tolerance: Tolerance, top_k: float) -> None:
    """Evenings up to a probe of `top_k` that nobody minds."""
    day = SETTLE_DAYS
    while tolerance.probe_k is not None and tolerance.probe_k <= top_k:
        prove(tolerance, day)
        day += PROBE_EVERY_DAYS


def test_starts_at_the_habit() -> None:
    assert Tolerance().level_k(20.0) == 0.0


def test_starts_half_a_degree_up_for_people_who_put_savings_first() -> None:
    assert Tolerance().level_k(5.0) == 0.5


def test_never_probes_before_people_have_lived_with_advice(settled: Tolerance) -> None:
    assert settled.probe_now_k(evening(SETTLE_DAYS - 1), BUDGET) is None
    assert settled.probe_now_k(evening(SETTLE_DAYS), BUDGET) == FIRST_PROBE_K


def test_probes_in_the_evening_only(settled: Tolerance) -> None:
    noon = CLOCK.slot(1_780_272_000.0 + SETTLE_DAYS * DAY_S + 12 * 3600)

    assert settled.probe_now_k(noon, BUDGET) is None


def test_lives_a_retreat_below_a_probe_that_nobody_minded(settled: Tolerance) -> None:
    top = FIRST_PROBE_K + 2 * PROBE_STEP_K
    prove_until(settled, top)

    assert settled.held_k == top - RETREAT_K  # study C: hold = top less the retreat
    assert settled.probe_k == top + PROBE_STEP_K


def test_allows_less_discomfort_the_more_comfort_weighs() -> None:
    careful, usual, eager = (Tolerance().budget_k_h(weight) for weight in (40.0, 20.0, 5.0))

    assert (careful, eager) == (usual / 2, 4 * usual)


def test_does_not_probe_two_evenings_in_a_row(settled: Tolerance) -> None:
    prove(settled, 4)

    assert settled.probe_now_k(evening(5), BUDGET) is None
    assert settled.probe_now_k(evening(6), BUDGET) is not None


def test_stops_at_the_top(settled: Tolerance) -> None:
    prove_until(settled, TOP_PROBE_K)

    assert settled.probe_k is None


def test_a_slow_home_proves_a_level_in_several_evenings(settled: Tolerance) -> None:
    for day in (14, 15, 16, 17):
        settled.learn(half_hour(evening(day)), FIRST_PROBE_K)

    assert settled.probe_k == FIRST_PROBE_K + PROBE_STEP_K


def test_the_search_is_over_after_two_weeks(settled: Tolerance) -> None:
    assert settled.probe_now_k(evening(SEARCH_DAYS - 1), BUDGET) is not None
    assert settled.probe_now_k(evening(SEARCH_DAYS), BUDGET) is None


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
    prove_until(settled, 1.5)
    settled.override(evening(6), 2.0)

    assert settled.held_k == 2.0 - RETREAT_K
    assert settled.probe_now_k(evening(9), BUDGET) is None


def test_backs_off_from_where_it_lives_when_somebody_objects_there(settled: Tolerance) -> None:
    prove_until(settled, 2.5)
    before = settled.held_k
    settled.too_hot(evening(30), 1.4)

    assert before == 1.5
    assert settled.held_k == pytest.approx(1.4 - RETREAT_K)  # more than the later step of 0.4 K


def test_each_later_objection_costs_something(settled: Tolerance) -> None:
    settled.too_hot(evening(14), 2.0)
    held_k, level_k = settled.held_k, settled.level_k(20.0)
    settled.too_hot(evening(20), 2.0)

    assert settled.held_k <= held_k - 0.4
    assert settled.level_k(20.0) <= level_k


def test_an_override_at_the_usual_warmth_is_about_something_else(settled: Tolerance) -> None:
    prove_until(settled, 2.5)
    settled.override(evening(13), 0.2)

    assert settled.held_k == 1.5
    assert settled.probe_now_k(evening(13), BUDGET) is None  # but they are left alone for a while


def test_two_overrides_at_the_usual_warmth_are_an_objection(settled: Tolerance) -> None:
    prove_until(settled, 2.5)
    settled.override(evening(13), 0.2)
    settled.override(evening(20), 0.2)

    assert settled.held_k == 0.0


def test_a_bit_warm_is_said_nearer_to_comfort_than_an_override(settled: Tolerance) -> None:
    settled.a_bit_warm(evening(14), 1.0)

    assert settled.held_k == pytest.approx(0.6)


def test_silence_says_nothing_just_after_a_change_by_a_person(settled: Tolerance) -> None:
    settled.postpone(evening(14))
    believed = list(settled.comfort.log_weight)
    settled.learn(half_hour(evening(14)), 3.0)

    assert settled.comfort.log_weight == believed


def test_leaves_people_alone_for_some_days_after_they_changed_something(settled: Tolerance) -> None:
    settled.postpone(evening(5))

    assert settled.probe_now_k(evening(5 + QUIET_DAYS - 1), BUDGET) is None
    assert settled.probe_now_k(evening(5 + QUIET_DAYS), BUDGET) is not None


def test_probes_nobody_who_allows_no_override(settled: Tolerance) -> None:
    assert settled.probe_now_k(evening(SETTLE_DAYS), 0.0) is None
