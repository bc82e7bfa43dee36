import pytest

from cloud.home_clock import HomeClock, Slot
from cloud.slot_summary import Author, SlotSummary
from cloud.tolerance import (
    EASED_SLOTS,
    EASED_STEP_K,
    PROBE_EVERY_DAYS,
    PROBE_H,
    PROBE_RISK_RATIO,
    PROBE_SLOTS,
    PROBES_K,
    QUIET_DAYS,
    RECHECK_EVERY_DAYS,
    SEARCH_DAYS,
    SETTLE_DAYS,
    TOKENS,
    Tolerance,
)

CLOCK = HomeClock("UTC")
DAY_S = 86_400
BUDGET = 0.05
"""One override of our doing in twenty days."""


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


def probe_k(tolerance: Tolerance, day: int, budget: float = BUDGET) -> float | None:
    """The probe of an evening [K], if there is one."""
    return tolerance.deepest_probe_k() if tolerance.may_probe(evening(day), budget) else None


def test_never_probes_before_people_have_lived_with_advice(settled: Tolerance) -> None:
    assert probe_k(settled, SETTLE_DAYS - 1) is None
    assert probe_k(settled, SETTLE_DAYS) is not None


def test_probes_in_the_evening_only(settled: Tolerance) -> None:
    noon = CLOCK.slot(1_780_272_000.0 + SETTLE_DAYS * DAY_S + 12 * 3600)

    assert not settled.may_probe(noon, BUDGET)


def test_a_probe_is_as_deep_as_its_risk_allows_and_no_deeper(settled: Tolerance) -> None:
    found_k = probe_k(settled, SETTLE_DAYS)
    risk = dict(
        zip(PROBES_K.tolist(), settled.comfort.override_ratio(PROBES_K, PROBE_H).tolist(), strict=True)
    )

    assert found_k is not None
    assert risk[found_k] <= PROBE_RISK_RATIO < risk[found_k + 0.5]


def test_who_bears_a_probe_is_probed_further(settled: Tolerance) -> None:
    first_k = probe_k(settled, SETTLE_DAYS)
    assert first_k is not None
    for _ in range(6):
        settled.learn(half_hour(evening(SETTLE_DAYS)), first_k)
    settled.pass_day()

    assert (probe_k(settled, SETTLE_DAYS + PROBE_EVERY_DAYS) or 0.0) > first_k


def test_does_not_probe_two_evenings_in_a_row(settled: Tolerance) -> None:
    settled.probed(evening(4))

    assert probe_k(settled, 4) is not None  # it goes on
    assert probe_k(settled, 5) is None
    assert probe_k(settled, 4 + PROBE_EVERY_DAYS) is not None


def test_after_the_search_it_is_checked_now_and_then(settled: Tolerance) -> None:
    settled.probed(evening(SEARCH_DAYS))

    assert probe_k(settled, SEARCH_DAYS + RECHECK_EVERY_DAYS - 1) is None
    assert probe_k(settled, SEARCH_DAYS + RECHECK_EVERY_DAYS) is not None


def test_more_discomfort_may_be_expected_while_it_is_searched(settled: Tolerance) -> None:
    assert settled.budget_k_h(evening(1), 20.0) > settled.budget_k_h(evening(SEARCH_DAYS), 20.0)


def test_allows_less_discomfort_the_more_comfort_weighs() -> None:
    careful, usual, eager = (Tolerance().budget_k_h(evening(0), weight) for weight in (40.0, 20.0, 5.0))

    assert (careful, eager) == (usual / 2, 4 * usual)


def test_an_override_of_our_doing_costs_a_token_that_comes_back(settled: Tolerance) -> None:
    for day in range(int(TOKENS)):
        assert settled.may_warm(evening(10), BUDGET)
        settled.override(evening(10 + day), 3.5, BUDGET, advised=True)

    assert not settled.may_warm(evening(20), BUDGET)
    assert probe_k(settled, 20) is None
    assert settled.may_warm(evening(10 + 20 + 1), BUDGET)


def test_an_override_that_is_not_of_our_doing_costs_none(settled: Tolerance) -> None:
    settled.override(evening(10), -1.0, BUDGET, advised=True)  # nobody is warm there
    settled.override(evening(10), 3.5, BUDGET, advised=False)

    assert settled.tokens_left(evening(10), BUDGET) == TOKENS


def test_nobody_is_warmed_who_allows_no_override(settled: Tolerance) -> None:
    assert not settled.may_warm(evening(10), 0.0)
    assert probe_k(settled, SETTLE_DAYS, budget=0.0) is None


@pytest.mark.parametrize("advised", [True, False])
def test_an_override_lowers_what_is_believed(settled: Tolerance, advised: bool) -> None:  # noqa: FBT001
    before_k = settled.comfort.quantile_k(0.5)
    settled.override(evening(10), 2.0, BUDGET, advised=advised)

    assert settled.comfort.quantile_k(0.5) < before_k


def test_who_says_that_it_is_a_bit_warm_gets_it_cooler_for_the_rest_of_the_day(settled: Tolerance) -> None:
    settled.a_bit_warm(evening(14), 1.0, risen_k=1.0)
    assert (settled.eased_day, settled.eased_k) == (evening(14).day, 1.0 - EASED_STEP_K)

    settled.a_bit_warm(evening(14), 0.7, risen_k=1.0 - EASED_STEP_K)
    assert settled.eased_k == 1.0 - 2 * EASED_STEP_K

    settled.a_bit_warm(evening(15), 1.0, risen_k=1.0)
    assert settled.eased_k == 1.0 - EASED_STEP_K


def test_it_is_cooler_than_the_habit_for_some_hours_from_the_first_word_on(
    settled: Tolerance,
) -> None:
    coming = CLOCK.ahead(1_780_272_000.0 + 14 * DAY_S + PROBE_SLOTS[0] * 1800, EASED_SLOTS + 1)
    settled.a_bit_warm(coming[0], 0.5, risen_k=0.0)
    settled.a_bit_warm(coming[-2], 0.5, risen_k=-EASED_STEP_K)

    assert settled.eased_rise_k(coming[-2], 1.0) == -EASED_STEP_K
    assert settled.eased_rise_k(coming[-1], 1.0) == 0.0
    settled.eased_k = 0.5
    assert settled.eased_rise_k(coming[-1], 1.0) == 0.5
    assert settled.eased_rise_k(evening(15), 1.0) == 1.0


def test_an_empty_home_says_nothing(settled: Tolerance) -> None:
    believed = settled.comfort.packed()
    settled.learn(half_hour(evening(14), at_home=False), 3.0)

    assert settled.comfort.packed() == believed


def test_silence_says_nothing_just_after_a_change_by_a_person(settled: Tolerance) -> None:
    settled.postpone(evening(14))
    believed = settled.comfort.packed()
    settled.learn(half_hour(evening(14)), 3.0)

    assert settled.comfort.packed() == believed


def test_silence_tells_less_where_nobody_could_have_said_a_bit_warm() -> None:
    advised, habit = Tolerance(), Tolerance()
    for tolerance, author in ((advised, "advice"), (habit, "habit")):
        tolerance.learn(half_hour(evening(14), author=author), 1.5)  # type: ignore[arg-type]

    assert advised.comfort.quantile_k(0.3) >= habit.comfort.quantile_k(0.3)
    assert advised.comfort.packed() != habit.comfort.packed()


def test_leaves_people_alone_for_some_days_after_they_changed_something(settled: Tolerance) -> None:
    settled.postpone(evening(5))

    assert probe_k(settled, 5 + QUIET_DAYS - 1) is None
    assert probe_k(settled, 5 + QUIET_DAYS) is not None
