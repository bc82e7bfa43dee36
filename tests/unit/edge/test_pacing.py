from hypothesis import given
from hypothesis import strategies as st

from edge.pacing import Pace


@given(st.lists(st.floats(0, 0.5), min_size=1, max_size=400), st.integers(1, 100))
def test_in_no_second_pass_more_than_allowed(gaps_s: list[float], per_s: int) -> None:
    """Whoever comes however quickly: the n-th after one comes a second later (AWS quotas are per second)."""
    now_s = 0.0
    passed: list[float] = []

    def sleep(seconds: float) -> None:
        nonlocal now_s
        now_s += seconds

    pace = Pace(per_s, lambda: now_s, sleep)
    for gap_s in gaps_s:
        now_s += gap_s
        pace.wait()
        passed.append(now_s)

    pairs = zip(passed, passed[per_s:], strict=False)
    assert all(later - earlier >= 1.0 - 1e-9 for earlier, later in pairs)


def test_who_is_slow_never_waits() -> None:
    waits: list[float] = []
    now_s = iter([float(n) for n in range(100)])
    pace = Pace(2, lambda: next(now_s), waits.append)

    for _ in range(20):
        pace.wait()

    assert waits == []
