import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cloud.adapters.sqlite_watch import SqliteWatch
from cloud.errors import UnavailableError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a file.sqlite"


@pytest.fixture
def writer(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE figure (value)")
        yield connection


def test_sees_each_commit_of_others_once(path: Path, writer: sqlite3.Connection) -> None:
    watch = SqliteWatch(path)
    assert watch.has_changed()
    assert not watch.has_changed()

    writer.execute("INSERT INTO figure VALUES (1)")

    assert watch.has_changed()
    assert not watch.has_changed()
    watch.close()


def test_what_is_not_committed_has_not_changed_anything(path: Path, writer: sqlite3.Connection) -> None:
    watch = SqliteWatch(path)
    watch.has_changed()

    writer.execute("BEGIN")
    writer.execute("INSERT INTO figure VALUES (1)")
    assert not watch.has_changed()
    writer.execute("COMMIT")

    assert watch.has_changed()
    watch.close()


def test_a_checkpoint_changes_nothing_that_a_reader_sees(path: Path, writer: sqlite3.Connection) -> None:
    writer.execute("INSERT INTO figure VALUES (1)")
    watch = SqliteWatch(path)
    watch.has_changed()

    writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    writer.execute("INSERT INTO figure VALUES (2)")

    assert watch.has_changed()
    watch.close()


def test_a_file_that_is_not_there_yet_is_unavailable_until_it_is(path: Path) -> None:
    watch = SqliteWatch(path)
    with pytest.raises(UnavailableError, match=r"a file\.sqlite"):
        watch.has_changed()

    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE figure (value)")

    assert watch.has_changed()
    watch.close()
