import pytest

from infra.local.restart_budget import RestartBudget, RestartPolicy

POLICY = RestartPolicy(most=5, window_s=100.0, first_pause_s=1.0, longest_pause_s=4.0)


def test_the_first_restart_is_at_once_and_pauses_grow_up_to_the_longest() -> None:
    budget = RestartBudget(POLICY)

    assert [budget.spend(0.0) for _ in range(5)] == [0.0, 1.0, 2.0, 4.0, 4.0]


def test_more_restarts_than_the_most_within_the_window_are_too_many() -> None:
    budget = RestartBudget(POLICY)

    pauses = [budget.spend(19.0 * number) for number in range(6)]

    assert None not in pauses[:5]
    assert pauses[5] is None


def test_restarts_before_the_window_are_forgotten() -> None:
    budget = RestartBudget(POLICY)

    pauses = [budget.spend(25.0 * number) for number in range(1000)]  # never more than four in any window

    assert None not in pauses
    assert budget.spend(1_000_000.0) == 0.0


@pytest.mark.parametrize("seconds_to_fail", [0.0, 60.0])  # ends at once; hangs until it is given up
def test_what_never_comes_up_is_given_up_within_a_quarter_of_an_hour(seconds_to_fail: float) -> None:
    budget = RestartBudget(RestartPolicy())
    now_s = 0.0

    while (pause_s := budget.spend(now_s)) is not None:
        now_s += pause_s + seconds_to_fail
        assert now_s < 900.0
