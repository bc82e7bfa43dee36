"""What `DeadLetters` promises, asked of every adapter."""

from dataclasses import replace

import pytest

from cloud.errors import AlreadyReplayedError
from cloud.ports.telemetry import DeadLetter, IngestCommit, LetterQuery
from tests.contract.cloud.any_log import MINUTE, NOON, AnyLog, MakeTelemetry, letter, logged


def test_a_dead_letter_comes_back_whole(log: AnyLog) -> None:
    whole, unindexed = letter("a"), DeadLetter("b", NOON, "t", "p", "not JSON", None, b"\x00\xff")

    log.commit(IngestCommit(dead_letters=[whole, unindexed]))

    assert log.letters() == [unindexed, whole]


def test_a_repeated_dead_letter_is_one(log: AnyLog) -> None:
    log.commit(IngestCommit(dead_letters=[letter("a"), letter("a"), letter("b")]))
    log.commit(IngestCommit(dead_letters=[letter("a", NOON + MINUTE)]))

    assert log.count() == 2
    assert [each.letter_id for each in log.letters()] == ["a", "b"]
    assert [each.letter_id for each in log.letters(limit=1)] == ["a"]
    assert {each.letter_id: each.times for each in log.letters()} == {"a": 3, "b": 1}


@pytest.mark.parametrize(("query", "found"), [
    (LetterQuery(), "cba"),
    (LetterQuery(letter_id="b"), "b"),
    (LetterQuery(letter_id="_"), ""),
    (LetterQuery(reason="mode"), "ca"),
    (LetterQuery(reason="%"), ""),
    (LetterQuery(topic="/batch"), "b"),
    (LetterQuery(principal="gw-1"), "b"),
    (LetterQuery(principal="gw"), ""),
    (LetterQuery(since=NOON + MINUTE), "cb"),
    (LetterQuery(since=NOON + MINUTE, reason="mode"), "c"),
    (LetterQuery(replayed=False), "cb"),
    (LetterQuery(replayed=True), "a"),
])  # fmt: skip
def test_finds_dead_letters_by_what_is_asked(log: AnyLog, query: LetterQuery, found: str) -> None:
    other = DeadLetter("b", NOON + MINUTE, "dt/ac/gw-1/batch", "gw-1", "unknown device", None, b"{}")
    log.commit(IngestCommit(dead_letters=[letter("a"), other, letter("c", NOON + 2 * MINUTE)]))
    log.settle("a", NOON, IngestCommit())

    letters = log.select(query, 10)

    assert "".join(each.letter_id for each in letters) == found
    assert all(query.matches(each) for each in letters)
    assert sum(log.reasons(query).values()) == len(found)
    assert log.select(query, 1) == letters[:1]


def test_a_list_of_dead_letters_goes_on_where_it_was_left_each_once(log: AnyLog) -> None:
    """Also those of one moment; the newest first."""
    moments = {"d": 2, "a": 1, "c": 1, "b": 1, "e": 0}
    log.commit(IngestCommit(dead_letters=[letter(name, NOON + n * MINUTE) for name, n in moments.items()]))

    seen: list[str] = []
    query = LetterQuery()
    while part := log.select(query, 2):
        seen += [each.letter_id[0] for each in part]
        query = LetterQuery(after=part[-1].place)

    assert "".join(seen) == "dcbae"


def test_counts_dead_letters_by_reason_the_most_frequent_first(log: AnyLog) -> None:
    other = DeadLetter("z", NOON, "t", "p", "a rare one", None, b"{}")
    log.commit(IngestCommit(dead_letters=[other, letter("a"), letter("b"), letter("b")]))

    assert list(log.reasons(LetterQuery()).items()) == [("mode: unknown", 2), ("a rare one", 1)]


def test_a_dead_letter_is_settled_once_with_what_it_brings(
    log: AnyLog, make_telemetry: MakeTelemetry
) -> None:
    log.commit(IngestCommit(dead_letters=[letter("a")]))

    log.settle("a", NOON + MINUTE, IngestCommit([make_telemetry()], received_at=NOON + MINUTE))
    with pytest.raises(AlreadyReplayedError):
        log.settle("a", NOON + MINUTE, IngestCommit([make_telemetry(setpoint_c=30.0)]))
    with pytest.raises(AlreadyReplayedError):
        log.settle("unheard of", NOON, IngestCommit([make_telemetry(setpoint_c=31.0)]))
    log.refuse_again("a", "too late")

    (settled,) = log.letters()
    assert (settled.replayed_at, settled.reason) == (NOON + MINUTE, "mode: unknown")
    assert logged(log) == [make_telemetry()]


def test_a_settled_dead_letter_that_comes_again_is_open_again(log: AnyLog) -> None:
    log.commit(IngestCommit(dead_letters=[letter("a")]))
    log.settle("a", NOON, IngestCommit())

    log.commit(IngestCommit(dead_letters=[replace(letter("a"), reason="mode: still unknown")]))

    (again,) = log.letters()
    assert (again.replayed_at, again.reason, again.times) == (None, "mode: still unknown", 2)


def test_a_dead_letter_that_is_refused_again_has_its_new_reason(log: AnyLog) -> None:
    log.commit(IngestCommit(dead_letters=[letter("a")]))

    log.refuse_again("a", "unknown device")

    assert log.letters() == [replace(letter("a"), reason="unknown device")]
