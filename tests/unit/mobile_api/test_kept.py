"""What is kept is bounded, and nobody's for long."""

from mobile_api.kept import KEPT_FOR_S, MOST, Kept


def test_what_is_asked_for_stays_and_what_is_not_goes() -> None:
    clock = [100.0]
    store = Kept[str, int](lambda: clock[0])
    store.put("asked for", 1)
    store.put("forgotten", 2)

    for _ in range(3):
        clock[0] += KEPT_FOR_S + 1
        assert store.get("asked for") == 1

    assert store.get("forgotten") is None


def test_nothing_stays_over_a_pause() -> None:
    clock = [100.0]
    store = Kept[str, int](lambda: clock[0])
    store.put("a", 1)

    clock[0] += 2 * KEPT_FOR_S + 1

    assert store.get("a") is None


def test_there_are_never_more_than_two_generations() -> None:
    store = Kept[int, int]()
    for number in range(5 * MOST):
        store.put(number, number)

    assert sum(store.get(number) is not None for number in range(3 * MOST)) == 0
    assert store.get(5 * MOST - 1) == 5 * MOST - 1
