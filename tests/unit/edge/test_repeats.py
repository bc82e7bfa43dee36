from datetime import UTC, datetime, timedelta

from edge.repeats import Repeats

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def test_only_the_same_content_of_the_same_reading_is_a_repeat() -> None:
    repeats = Repeats()
    repeats.is_repeat("dev-1", NOON, b"a")
    repeats.settle()

    assert repeats.is_repeat("dev-1", NOON, b"a")
    assert not repeats.is_repeat("dev-1", NOON, b"b")
    assert not repeats.is_repeat("dev-2", NOON, b"a")
    assert not repeats.is_repeat("dev-1", NOON + timedelta(milliseconds=1), b"a")


def test_memory_is_bounded_and_the_oldest_goes_first() -> None:
    repeats = Repeats(capacity=100)
    for number in range(1000):
        repeats.is_repeat("dev-1", NOON + timedelta(seconds=number), b"a")
        repeats.settle()

    assert len(repeats._settled) == 100
    assert repeats.is_repeat("dev-1", NOON + timedelta(seconds=999), b"a")
    assert not repeats.is_repeat("dev-1", NOON, b"a")


def test_what_was_forgotten_is_no_repeat_and_was_not_dropped() -> None:
    repeats = Repeats()
    repeats.is_repeat("dev-1", NOON, b"a")
    repeats.is_repeat("dev-1", NOON, b"a")

    repeats.forget()

    assert not repeats.is_repeat("dev-1", NOON, b"a")
    assert repeats.dropped == 0
