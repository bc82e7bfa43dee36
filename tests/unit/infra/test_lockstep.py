"""Simulated time waits for commands, but not for ever and not again and again."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cloud.adapters.memory_state import MemoryStateStore
from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.adapters.sqlite_state import SqliteStateStore
from infra.local import lockstep
from infra.local.lockstep import Lockstep


@pytest.fixture
def steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lockstep]:
    monkeypatch.setattr(lockstep, "COMMAND_TIMEOUT_S", 0.01)
    (tmp_path / "edge").mkdir()
    (tmp_path / "edge" / "spool.sqlite").touch()
    with (
        closing(SqliteReadingLog(tmp_path / "ingest.sqlite")),
        closing(SqliteStateStore(tmp_path / "state.sqlite")),
    ):
        steps = Lockstep(tmp_path, MemoryStateStore())
        yield steps
        steps.close()


def test_a_command_that_never_comes_is_waited_for_once(steps: Lockstep) -> None:
    pumped: list[float] = []
    steps.wait_heard(5, lambda: 4, pumped.append)
    assert pumped
    pumped.clear()

    steps.wait_heard(6, lambda: 5, pumped.append)

    assert pumped == []
    assert steps.late_rounds == 1


def test_the_next_one_is_waited_for_all_the_same(steps: Lockstep) -> None:
    steps.wait_heard(5, lambda: 4, lambda _: None)
    heard = [4]

    steps.wait_heard(6, lambda: heard[0], lambda _: heard.append(heard.pop() + 1))

    assert heard == [5]
    assert steps.late_rounds == 1
