"""Many people behind one address sign in at the same moment, over SQLite."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from cloud.adapters.sqlite_state import SqliteStateStore
from mobile_api.errors import TooManyAttemptsError
from mobile_api.lockout import count_attempt, sign_in_counts, take_back

NOW = datetime.now(UTC)
SOURCE = "203.0.113.1"


def test_a_crowd_that_knows_its_passwords_is_let_in_and_leaves_no_count(tmp_path: Path) -> None:
    state = SqliteStateStore(tmp_path / "state.sqlite")

    def sign_in(person: int) -> None:
        counts = sign_in_counts(state, f"p{person}@example.org", SOURCE)
        count_attempt(state, counts, NOW)
        take_back(state, counts, NOW)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(sign_in, range(40)))

    counts = sign_in_counts(state, "p0@example.org", SOURCE)
    assert [state.get(count.pk, "count") for count in counts] == [None, None, None]


def test_guesses_at_the_same_moment_are_not_heard_beyond_the_count(tmp_path: Path) -> None:
    state = SqliteStateStore(tmp_path / "state.sqlite")

    def guess(_: int) -> bool:
        try:
            count_attempt(state, sign_in_counts(state, "ann@example.org", SOURCE), NOW)
        except TooManyAttemptsError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        heard = sum(pool.map(guess, range(60)))

    assert heard == 5
