"""Counting many readings at once against counting one after the other."""

from collections.abc import Sequence
from typing import TypeAlias

from hypothesis import example, given, settings
from hypothesis import strategies as st

from cloud.reading_columns import batch_of
from cloud.seq_gaps import EXACT_SEQ, MAX_MISSING, Arrivals, SeqCount

Arrival: TypeAlias = tuple[str, int, int | None]
"""Device, time [ms since 1970] and `seq`."""

ARRIVALS = st.lists(
    st.tuples(
        st.sampled_from(["dev-1", "dev-2", "dev-3"]),
        st.integers(0, 30),
        st.none() | st.integers(0, 20) | st.sampled_from([EXACT_SEQ, EXACT_SEQ + 1, 2**63 - 1]),
    ),
    max_size=12,
)


def arrivals_of(arrivals: Sequence[Arrival]) -> Arrivals:
    rest = [None] * 11
    return Arrivals.of(batch_of([(name, at, 300.0, seq, "off", *rest) for name, at, seq in arrivals]))


def one_by_one(counts: dict[str, SeqCount], first_position: int, arrivals: Sequence[Arrival]) -> bool:
    """Whether each was newer than all before it of its device."""
    newer = True
    for position, (name, at, seq) in enumerate(arrivals, first_position):
        newest = counts[name].sampled_at_ms
        newer = newer and (newest is None or at > newest)
        counts[name].add(position, at, seq)
    return newer


@given(st.lists(ARRIVALS, max_size=3))
@example([[("dev-1", 1, 5), ("dev-2", 1, None), ("dev-1", 2, 9)], [("dev-1", 3, 10), ("dev-2", 0, 4)]])
@example([[("dev-1", at, seq) for at, seq in enumerate([0, 2**63 - 1, 0, 2**63 - 1, 0, 2**63 - 1])]])
@settings(deadline=None)
def test_many_are_counted_as_one_by_one(batches: list[list[Arrival]]) -> None:
    single = {name: SeqCount() for name in ("dev-1", "dev-2", "dev-3")}
    many = {name: SeqCount() for name in single}
    head = 0
    for batch in batches:
        together = arrivals_of(batch)
        are_newer = together.are_newer_than(many)
        together.count(head + 1, many)

        assert one_by_one(single, head + 1, batch) == are_newer
        assert many == single
        head += len(batch)


def test_no_device_can_count_further_than_the_log_can_write() -> None:
    counts = {"dev-1": SeqCount()}

    arrivals_of([("dev-1", at, seq) for at, seq in enumerate([0, 2**63 - 1] * 3)]).count(1, counts)

    assert counts["dev-1"].missing == MAX_MISSING
