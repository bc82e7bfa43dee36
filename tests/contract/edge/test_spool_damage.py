"""What a damaged spool gives back: a torn log, damaged pages, a file of an earlier version."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from edge.adapters.sqlite_spool import SqliteSpool
from edge.ports import Entry, Intake

EVERYTHING = 2**40


def _entry(number: int) -> Entry:
    return Entry(f"dev-{number % 3}", "readings", f"{number:04d}".encode() * 100, 1)


def _held(path: Path) -> list[Entry]:
    spool = SqliteSpool(path)
    try:
        return [each.entry for each in spool.peek(EVERYTHING)]
    finally:
        spool.close()


@pytest.mark.parametrize("torn_bytes", [1, 100, 4096, 5000])
def test_a_torn_tail_costs_the_last_commits_only(tmp_path: Path, torn_bytes: int) -> None:
    """As after a power cut in the middle of a write: the log ends somewhere in its last commit."""
    spool = SqliteSpool(tmp_path / "live" / "spool.sqlite")
    for number in range(30):
        spool.commit(Intake([_entry(number)]))
    shutil.copytree(tmp_path / "live", tmp_path / "after")
    spool.close()
    path = tmp_path / "after" / "spool.sqlite"
    log = path.with_name("spool.sqlite-wal")
    log.write_bytes(log.read_bytes()[:-torn_bytes] + b"\xff" * (torn_bytes // 2))

    held = _held(path)

    assert held == [_entry(n) for n in range(len(held))]
    assert 27 <= len(held) < 30
    assert not path.with_suffix(".damaged").exists()


def test_damaged_pages_cost_what_is_on_them_only(tmp_path: Path) -> None:
    path = tmp_path / "spool.sqlite"
    spool = SqliteSpool(path)
    spool.commit(Intake([_entry(n) for n in range(1000)], notes={"dev-1": b"note"}))
    spool.close()
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = b"\xff" * 4096
    path.write_bytes(content)

    spool = SqliteSpool(path)
    held = [each.entry for each in spool.peek(EVERYTHING)]
    spool.commit(Intake([_entry(1000)]))

    assert 980 <= len(held) < 1000
    assert held == sorted(held, key=lambda entry: entry.body)
    assert {entry.body for entry in held} < {_entry(n).body for n in range(1000)}
    assert spool.peek(EVERYTHING)[-1].entry == _entry(1000)
    assert spool.notes() == {"dev-1": b"note"}
    assert path.with_suffix(".damaged").read_bytes() == content
    spool.close()


def test_a_spool_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    path = tmp_path / "spool.sqlite"
    old = sqlite3.connect(path)
    old.execute(
        "CREATE TABLE entry (position INTEGER PRIMARY KEY, device_id TEXT NOT NULL, kind TEXT NOT NULL,"
        " readings INTEGER NOT NULL, body BLOB NOT NULL) STRICT"
    )
    old.execute("INSERT INTO entry VALUES (1, 'dev-1', 'readings', 1, x'31')")
    old.commit()
    old.close()

    assert _held(path) == [Entry("dev-1", "readings", b"1", 1)]
