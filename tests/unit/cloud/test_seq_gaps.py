import pytest

from cloud.seq_gaps import SeqCount


@pytest.mark.parametrize(("arrivals", "missing", "last_seq"), [
    ([(0, 0), (1, 1), (2, 2)], 0, 2),
    ([(0, 0), (3, 3)], 2, 3),  # 1 and 2 are missing
    ([(0, 0), (3, 3), (1, 1)], 1, 3),  # 1 came late
    ([(0, 0), (3, 3), (2, 2), (1, 1)], 0, 3),
    ([(0, 7), (1, 8), (2, 0), (3, 1)], 0, 1),  # the device began to count anew
    ([(0, 7), (1, None), (2, 9)], 1, 9),  # a reading without `seq` says nothing
    ([(0, 5), (0, 5)], 0, 5),
])  # fmt: skip
def test_counts_the_readings_that_never_came(
    arrivals: list[tuple[int, int | None]], missing: int, last_seq: int
) -> None:
    count = SeqCount()
    for position, (minute, seq) in enumerate(arrivals, 1):
        count.add(position, minute * 60_000, seq)

    assert (count.missing, count.last_seq) == (missing, last_seq)


def test_the_newest_by_time_is_kept_and_a_tie_goes_to_the_last_arrival() -> None:
    count = SeqCount()
    for position, sampled_at_ms in enumerate([1000, 3000, 2000, 3000], 1):
        count.add(position, sampled_at_ms, None)

    assert (count.position, count.sampled_at_ms) == (4, 3000)
