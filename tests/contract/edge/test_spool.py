import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import pytest

from edge.adapters.memory import MemorySpool
from edge.adapters.sqlite_spool import SqliteSpool
from edge.errors import SpoolFullError, SpoolUnavailableError
from edge.ports import STRANGER, DeadLetter, Entry, Intake, Policy, Standing

AnySpool: TypeAlias = MemorySpool | SqliteSpool
MakeSpool: TypeAlias = Callable[..., AnySpool]

EVERYTHING = 2**40
NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)


@pytest.fixture(params=["memory", "sqlite"])
def make_spool(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeSpool]:
    opened: list[SqliteSpool] = []

    def make(
        limit_bytes: int = 10_000, letters_limit_bytes: int = 10_000, policy: Policy = "refuse"
    ) -> AnySpool:
        if request.param == "memory":
            return MemorySpool(limit_bytes, letters_limit_bytes, policy=policy, now=lambda: NOW)
        path = tmp_path / "spool.sqlite"
        opened.append(SqliteSpool(path, limit_bytes, letters_limit_bytes, policy=policy, now=lambda: NOW))
        return opened[-1]

    yield make
    for spool in opened:
        spool.close()


def _entry(number: int, device_id: str = "dev-1") -> Entry:
    return Entry(device_id, "readings", f"{number:03d}".encode(), 2)


def _letter(number: int, *, element: bytes = b"bad") -> DeadLetter:
    at = datetime(2026, 7, 1, tzinfo=UTC)
    return DeadLetter(f"id-{number}", at, "dt/ac/dev-1/telemetry", "dev-1", "why", None, element)


def test_what_was_committed_first_comes_out_first(make_spool: MakeSpool) -> None:
    spool = make_spool()
    entries = [_entry(n, f"dev-{n % 3}") for n in range(20)]

    spool.commit(Intake(entries[:7]))
    spool.commit(Intake(entries[7:]))

    window = spool.peek(EVERYTHING)
    assert [each.entry for each in window] == entries
    assert [each.position for each in window] == sorted({each.position for each in window})


def test_peeking_takes_nothing_away(make_spool: MakeSpool) -> None:
    spool = make_spool()
    spool.commit(Intake([_entry(1)]))

    assert spool.peek(EVERYTHING) == spool.peek(EVERYTHING) != []


def test_all_kinds_come_back_as_they_were(make_spool: MakeSpool) -> None:
    entries = [
        Entry("dev-2", "event", b"\xf0\x9f\x92\xa7"),
        Entry("dev-1", "report", b""),
        Entry("dev-1", "readings", b'{"a":1},{"b":2}', 2),
    ]
    spool = make_spool()

    spool.commit(Intake(entries))

    assert [each.entry for each in spool.peek(EVERYTHING)] == entries


def test_a_window_is_bounded_but_never_empty(make_spool: MakeSpool) -> None:
    spool = make_spool()
    spool.commit(Intake([_entry(n) for n in range(10)]))  # 3 bytes each

    assert len(spool.peek(8)) == 2
    assert len(spool.peek(9)) == 3
    assert len(spool.peek(1)) == 1


def test_what_people_wait_for_goes_before_readings_and_each_in_its_order(make_spool: MakeSpool) -> None:
    """After a day without the cloud nobody waits for an answer until a day of readings has gone up."""
    spool = make_spool()
    said = [
        Entry("dev-1", "report", b"r-1"),
        Entry("dev-2", "event", b"e-2"),
        Entry("dev-1", "event", b"e-3"),
    ]
    mixed = [_entry(0), said[0], _entry(1), said[1], said[2], _entry(2)]
    spool.commit(Intake(mixed))

    first = spool.peek(9)
    late = Entry("dev-1", "report", b"r-4")
    spool.commit(Intake([late]))
    spool.remove(first)

    assert [each.entry for each in first] == said
    assert [each.entry for each in spool.peek(6)] == [late, _entry(0)]
    spool.remove(spool.peek(6))
    assert [each.entry for each in spool.peek(EVERYTHING)] == [_entry(1), _entry(2)]
    assert (spool.standing().readings, spool.standing().size_bytes) == (4, 6)


def test_removing_goes_as_far_as_the_window_and_no_further(make_spool: MakeSpool) -> None:
    spool = make_spool()
    spool.commit(Intake([_entry(n) for n in range(5)]))
    window = spool.peek(EVERYTHING)

    spool.remove(window[:3])
    spool.remove(window[:1])
    spool.commit(Intake([_entry(9)]))

    assert [each.entry for each in spool.peek(EVERYTHING)] == [_entry(3), _entry(4), _entry(9)]


def test_a_position_is_not_used_again_for_what_comes_later(make_spool: MakeSpool) -> None:
    spool = make_spool()
    spool.commit(Intake([_entry(1)]))
    old = spool.peek(EVERYTHING)
    spool.remove(old)

    spool.commit(Intake([_entry(2)]))
    spool.remove(old)

    assert len(spool.peek(EVERYTHING)) == 1


def test_a_full_spool_refuses_the_round_and_keeps_what_it_has(make_spool: MakeSpool) -> None:
    spool = make_spool(limit_bytes=10)
    spool.commit(Intake([_entry(n) for n in range(3)]))

    with pytest.raises(SpoolFullError):
        spool.commit(Intake([_entry(8)], [_letter(1)], {"dev-1": b"note"}))

    assert spool.standing() == Standing(readings=6, size_bytes=9, dead_letters=0, oldest_at=NOW)
    assert [each.entry for each in spool.peek(EVERYTHING)] == [_entry(n) for n in range(3)]
    assert spool.notes() == {}


def test_a_full_spool_has_room_again_when_the_cloud_took_some(make_spool: MakeSpool) -> None:
    spool = make_spool(limit_bytes=9)
    spool.commit(Intake([_entry(n) for n in range(3)]))

    spool.remove(spool.peek(3))
    spool.commit(Intake([_entry(3)]))

    assert spool.standing().size_bytes == 9


def test_a_full_spool_still_keeps_dead_letters_and_notes(make_spool: MakeSpool) -> None:
    spool = make_spool(limit_bytes=3)
    spool.commit(Intake([_entry(1)]))

    spool.commit(Intake(dead_letters=[_letter(1)], notes={"dev-1": b"note"}))

    assert spool.standing().dead_letters == 1
    assert spool.notes() == {"dev-1": b"note"}


def test_oldest_out_keeps_the_newest_and_counts_what_went(make_spool: MakeSpool) -> None:
    spool = make_spool(limit_bytes=9, policy="oldest_out")

    for number in range(6):
        spool.commit(Intake([_entry(number)]))
    spool.commit(Intake([_entry(6), _entry(7)]))

    assert [each.entry for each in spool.peek(EVERYTHING)] == [_entry(n) for n in (5, 6, 7)]
    assert spool.standing() == Standing(6, 9, 0, NOW, dropped_readings=10)
    with pytest.raises(SpoolFullError):
        spool.commit(Intake([Entry("dev-1", "readings", b"longer than all", 1)]))
    assert len(spool.peek(EVERYTHING)) == 3


def test_what_went_while_it_was_under_way_is_not_counted_twice(make_spool: MakeSpool) -> None:
    spool = make_spool(limit_bytes=9, policy="oldest_out")
    spool.commit(Intake([_entry(n) for n in range(3)]))
    under_way = spool.peek(6)

    spool.commit(Intake([_entry(3)]))
    spool.remove(under_way)

    assert [each.entry for each in spool.peek(EVERYTHING)] == [_entry(2), _entry(3)]
    assert spool.standing() == Standing(4, 6, 0, NOW, dropped_readings=2)


def test_an_empty_spool_has_no_age(make_spool: MakeSpool) -> None:
    spool = make_spool()
    spool.commit(Intake([_entry(1)]))

    spool.remove(spool.peek(1))

    assert spool.standing().oldest_at is None


def test_the_same_fault_is_one_letter_and_keeps_its_first_time(make_spool: MakeSpool) -> None:
    spool = make_spool()

    spool.commit(Intake(dead_letters=[_letter(1), _letter(2)]))
    spool.commit(Intake(dead_letters=[_letter(1)]))

    assert spool.standing().dead_letters == 2
    assert spool.letters() == [_letter(2), _letter(1)]
    assert spool.letters(1) == [_letter(2)]


def test_too_many_letters_push_out_the_oldest(make_spool: MakeSpool) -> None:
    spool = make_spool(letters_limit_bytes=100)

    for number in range(6):
        spool.commit(Intake(dead_letters=[_letter(number, element=b"x" * 40)]))

    assert [letter.letter_id for letter in spool.letters()] == ["id-5", "id-4"]
    assert spool.standing().dead_letters == 2


def test_the_last_note_of_a_device_counts(make_spool: MakeSpool) -> None:
    spool = make_spool()

    spool.commit(Intake(notes={"dev-1": b"a", "dev-2": b"b"}))
    spool.commit(Intake(notes={"dev-1": b"c"}))

    assert spool.notes() == {"dev-1": b"c", "dev-2": b"b"}


def test_a_file_that_is_opened_again_holds_everything(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "spool.sqlite"
    first = SqliteSpool(path, now=lambda: NOW)
    first.commit(Intake([_entry(n) for n in range(5)], [_letter(1)], {"dev-1": b"note"}))
    first.remove(first.peek(EVERYTHING)[:2])

    # not closed: as after a crash
    second = SqliteSpool(path, now=lambda: NOW)
    second.commit(Intake([_entry(5)]))

    assert [each.entry for each in second.peek(EVERYTHING)] == [_entry(n) for n in range(2, 6)]
    assert second.standing() == Standing(readings=8, size_bytes=12, dead_letters=1, oldest_at=NOW)
    assert second.letters() == [_letter(1)]
    assert second.notes() == {"dev-1": b"note"}
    first.close()
    second.close()


def test_commits_are_synced_to_the_disk(tmp_path: Path) -> None:
    """SQLite, "PRAGMA synchronous": 2 is FULL, which in WAL mode syncs the log at each commit."""
    spool = SqliteSpool(tmp_path / "spool.sqlite")

    assert spool._committer.execute("PRAGMA synchronous").fetchone() == (2,)
    assert spool._committer.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    spool.close()


def test_a_failing_disk_is_said_and_nothing_is_half_written(tmp_path: Path) -> None:
    spool = SqliteSpool(tmp_path / "spool.sqlite")
    spool.commit(Intake([_entry(1)]))
    spool._committer.execute("PRAGMA max_page_count = 1")  # the disk is full: SQLite answers SQLITE_FULL

    with pytest.raises(SpoolUnavailableError):
        spool.commit(Intake([Entry("dev-1", "readings", b"x" * 100_000, 1)]))

    assert spool.standing().readings == 2
    assert len(spool.peek(EVERYTHING)) == 1
    spool.close()


def test_a_directory_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(SpoolUnavailableError):
        SqliteSpool(tmp_path / "file" / "spool.sqlite")


def test_a_file_that_is_no_spool_is_said(tmp_path: Path) -> None:
    path = tmp_path / "spool.sqlite"
    path.write_bytes(b"no database" * 1000)

    with pytest.raises(SpoolUnavailableError) as caught:
        SqliteSpool(path)

    assert isinstance(caught.value.__cause__, sqlite3.DatabaseError)


def test_of_devices_that_are_not_registered_any_more_only_what_is_on_its_way_stays(
    make_spool: MakeSpool,
) -> None:
    spool = make_spool()
    at = datetime(2026, 7, 1, tzinfo=UTC)

    def letter(device_id: str, topic: str, reason: str) -> DeadLetter:
        return DeadLetter(f"{topic}{reason}", at, topic, device_id, reason, None, b"bad")

    stays = letter("dev-1", "dt/ac/dev-1/telemetry", "mode: no such mode")
    stranger = letter("dev-7", "dt/ac/dev-7/telemetry", f"dev-7 {STRANGER}")
    own = letter("dev-2", "dt/ac/dev-2/telemetry", "mode: no such mode")
    from_cloud = letter("cloud", "$aws/things/dev-2/shadow/update/delta", "state: missing")
    other_make, neighbour = (letter(f"dev-{n}", "plug/online", f"online: {n}") for n in (2, 1))
    notes = {"dev-1": b"one", "dev-2": b"two"}
    letters = [stays, stranger, own, from_cloud, other_make, neighbour]
    spool.commit(Intake([_entry(1, "dev-2")], letters, notes))

    spool.keep_only({"dev-1": None})

    assert spool.notes() == {"dev-1": b"one"}
    assert spool.letters() == [neighbour, stranger, stays]
    assert spool.standing().dead_letters == 3
    assert [each.entry for each in spool.peek(EVERYTHING)] == [_entry(1, "dev-2")]
