"""One file, many processes: nobody loses an update, and what was written survives a kill."""

import os
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from cloud.adapters import sqlite_state
from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.errors import ConflictError, UnavailableError
from cloud.ports.state import Put
from tests.items import item_of
from tests.waiting import wait_for

_INCREMENT = """
import sys
from pathlib import Path
from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.errors import ConflictError
from cloud.ports.state import Put

store = SqliteStateStore(Path(sys.argv[1]))
done = 0
while done < int(sys.argv[2]):
    item = store.get("p", "n")
    body, version = ({"n": 0}, 0) if item is None else (item.body, item.version)
    try:
        store.transact([Put("p", "n", {"n": body["n"] + 1}, if_version=version)])
    except ConflictError:
        continue
    done += 1
    print(done, flush=True)
"""


def _start(path: Path, times: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _INCREMENT, str(path), str(times)], stdout=subprocess.PIPE, text=True
    )


def test_processes_that_open_the_same_new_file_lose_no_update(tmp_path: Path) -> None:
    processes = [_start(tmp_path / "state.sqlite", 50) for _ in range(4)]

    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0

    store = SqliteStateStore(tmp_path / "state.sqlite")
    assert store.get("p", "n") == item_of("p", "n", {"n": 200}, 200)
    store.close()


def test_keeps_what_was_written_when_the_writer_is_killed(tmp_path: Path) -> None:
    process = _start(tmp_path / "state.sqlite", 1_000_000)
    assert process.stdout is not None
    for line in process.stdout:
        if line == "100\n":
            break
    os.kill(process.pid, signal.SIGKILL)
    rest, _ = process.communicate(timeout=60)

    store = SqliteStateStore(tmp_path / "state.sqlite")
    item = store.get("p", "n")

    told = 100 + len(rest.split())
    assert item is not None
    assert item.body["n"] in (told, told + 1)  # one may be written and not yet told
    store.close()


def test_says_that_it_is_unavailable_when_the_file_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(UnavailableError):
        SqliteStateStore(tmp_path / "file" / "state.sqlite")


def test_says_that_it_is_unavailable_when_the_file_is_no_database(tmp_path: Path) -> None:
    store = SqliteStateStore(tmp_path / "state.sqlite")
    store.close()
    (tmp_path / "state.sqlite").write_bytes(b"not a database" * 1000)

    with pytest.raises(UnavailableError):
        SqliteStateStore(tmp_path / "state.sqlite").transact([Put("p", "a", {})])


def test_what_threads_want_meanwhile_is_written_with_one_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SqliteStateStore(tmp_path / "state.sqlite")
    other = sqlite3.connect(tmp_path / "state.sqlite", isolation_level=None)
    begun: list[sqlite3.Connection] = []
    begin = sqlite_state._immediate

    def counted(connection: sqlite3.Connection) -> AbstractContextManager[None]:
        begun.append(connection)
        return begin(connection)

    monkeypatch.setattr(sqlite_state, "_immediate", counted)
    other.execute("BEGIN IMMEDIATE")

    with ThreadPoolExecutor(9) as threads:
        first = threads.submit(store.transact, [Put("p", "first", {})])
        wait_for(lambda: len(begun) == 1)
        rest = [
            threads.submit(store.transact, [Put("p", f"{n}", {}), Put("q", f"{n}", {})]) for n in range(7)
        ]
        missing = [Put("p", "refused", {}), Put("q", "refused", {}, if_version=3)]
        refused = threads.submit(store.transact, missing)
        wait_for(lambda: len(store._waiting) == 8)
        other.execute("ROLLBACK")
        done = [each.exception() for each in (first, *rest, refused)]

    assert len(begun) == 2
    assert done[:-1] == [None] * 8
    assert isinstance(done[-1], ConflictError)
    assert [len(store.query(pk)) for pk in ("p", "q")] == [8, 7]
    other.close()
    store.close()


def test_when_a_commit_fails_nobody_is_told_that_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_state, "BUSY_TIMEOUT_S", 0.5)
    store = SqliteStateStore(tmp_path / "state.sqlite")
    other = sqlite3.connect(tmp_path / "state.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(4) as threads:
        all_of = [threads.submit(store.transact, [Put("p", f"{n}", {})]) for n in range(4)]
        errors = [each.exception() for each in all_of]
    other.execute("ROLLBACK")

    assert [type(error) for error in errors] == [UnavailableError] * 4
    assert store.query("p") == []
    other.close()
    store.close()
