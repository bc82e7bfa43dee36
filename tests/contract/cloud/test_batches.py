"""What every `BatchStore` promises: all of a batch is kept, and what comes again changes nothing."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cloud.adapters.file_lake import FileLake
from cloud.adapters.lake_batches import BatchesSaid, LakeBatches
from cloud.adapters.lake_files import LakeFiles, LocalFiles
from cloud.adapters.log_batches import LogBatches
from cloud.adapters.memory_telemetry import MemoryReadingLog
from cloud.adapters.object_letters import ObjectLetters
from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.ports.batches import BatchStore
from cloud.ports.telemetry import DeadLetter, DeadLetters, IngestCommit, LetterQuery
from edge.contract import Event, Telemetry

ARRIVED = datetime(2025, 7, 1, 12, 5, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)

MakeTelemetry = Callable[..., Telemetry]


@dataclass
class Kept:
    """A store, and what can be seen of it."""

    store: BatchStore
    letters: DeadLetters
    readings: Callable[[], dict[tuple[str, datetime], float]]


def _log(log: MemoryReadingLog | SqliteReadingLog) -> Kept:
    def readings() -> dict[tuple[str, datetime], float]:
        logged = [each.reading for each in log.read_after(0)]
        return {(each.device_id, each.sampled_at): each.setpoint_c or 0.0 for each in logged}

    return Kept(LogBatches(log), log, readings)


def _lake(files: LakeFiles) -> Kept:
    lake = FileLake(files)

    def readings() -> dict[tuple[str, datetime], float]:
        rows = lake.scan().to_pylist()
        found = {(row["device_id"], row["sampled_at"]): row["setpoint_c"] for row in rows}
        assert len(found) == len(rows)
        return found

    return Kept(LakeBatches(lake, files), ObjectLetters(files), readings)


@pytest.fixture(params=["memory", "sqlite", "files", "s3"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    if request.param == "memory":
        yield _log(MemoryReadingLog())
    elif request.param == "sqlite":
        with closing(SqliteReadingLog(tmp_path / "ingest.sqlite")) as log:
            yield _log(log)
    elif request.param == "files":
        yield _lake(LocalFiles(tmp_path))
    else:
        pytest.importorskip("moto")
        yield _lake(request.getfixturevalue("make_s3_files")())


def letter(number: int, at: datetime, reason: str = "unknown device") -> DeadLetter:
    element = b'{"device_id":"dev-%d"}\xff' % number
    return DeadLetter(
        f"{number:032x}", at, f"dt/ac/dev-{number}/telemetry", f"dev-{number}", reason, 3, element
    )


def test_what_comes_again_changes_nothing_in_whatever_pieces(
    kept: Kept, make_telemetry: MakeTelemetry
) -> None:
    readings = [
        make_telemetry(device_id=f"dev-{number % 3}", sampled_at=ARRIVED + number * timedelta(minutes=1))
        for number in range(9)
    ]
    batch = [
        IngestCommit([reading], received_at=ARRIVED + number * MILLISECOND)
        for number, reading in enumerate(readings)
    ]

    kept.store.keep(batch)
    for pieces in ([batch], [batch[:4], batch[4:]], [[each] for each in batch]):
        for piece in pieces:
            kept.store.keep(piece)

    assert kept.readings() == {(each.device_id, each.sampled_at): 24.0 for each in readings}


def test_the_last_arrival_wins_also_when_the_earlier_one_comes_again(
    kept: Kept, make_telemetry: MakeTelemetry
) -> None:
    first = IngestCommit([make_telemetry(setpoint_c=20.0)], received_at=ARRIVED)
    same_moment = IngestCommit([make_telemetry(setpoint_c=21.0)], received_at=ARRIVED)
    last = IngestCommit([make_telemetry(setpoint_c=22.0)], received_at=ARRIVED + MILLISECOND)

    kept.store.keep([first, same_moment])
    assert list(kept.readings().values()) == [21.0]
    kept.store.keep([last])
    kept.store.keep([first])

    assert list(kept.readings().values()) == [22.0]


def test_batches_of_one_moment_do_not_replace_each_other(kept: Kept, make_telemetry: MakeTelemetry) -> None:
    for minute in range(3):
        at = ARRIVED + timedelta(minutes=minute)
        kept.store.keep([IngestCommit([make_telemetry(sampled_at=at)], received_at=ARRIVED)])

    assert len(kept.readings()) == 3


def test_dead_letters_are_kept_and_found_as_those_of_a_log(kept: Kept) -> None:
    model = _log(MemoryReadingLog())
    late = ARRIVED + timedelta(days=1)
    batches = [
        [IngestCommit(dead_letters=[letter(1, ARRIVED), letter(2, ARRIVED)], received_at=ARRIVED)],
        [IngestCommit(dead_letters=[letter(1, late, "no longer known")], received_at=late)],
    ]
    for batch in batches:
        kept.store.keep(batch)
        model.store.keep(batch)

    assert kept.letters.count() == 2
    assert kept.letters.letters() == model.letters.letters()
    for query in (LetterQuery(reason="unknown"), LetterQuery(since=late), LetterQuery(principal="dev-2")):
        assert kept.letters.select(query, 9) == model.letters.select(query, 9)
        assert kept.letters.reasons(query) == model.letters.reasons(query)


def test_a_list_of_dead_letters_goes_on_where_it_was_left_each_once(kept: Kept) -> None:
    """Also those of one moment; the newest first."""
    moments = {"d": 2, "a": 1, "c": 1, "b": 1, "e": 0}
    letters = [
        replace(letter(1, ARRIVED + timedelta(days=n)), letter_id=name * 32) for name, n in moments.items()
    ]
    kept.store.keep([IngestCommit(dead_letters=letters, received_at=ARRIVED)])

    seen: list[str] = []
    query = LetterQuery()
    while part := kept.letters.select(query, 2):
        seen += [each.letter_id[0] for each in part]
        query = LetterQuery(after=part[-1].place)

    assert "".join(seen) == "dcbae"


def test_what_devices_said_beside_the_lake_is_forgotten(tmp_path: Path) -> None:
    files = LocalFiles(tmp_path)
    store, letters = LakeBatches(FileLake(files), files), ObjectLetters(files)
    events = [
        Event(device_id=f"dev-{number}", event_id="1", occurred_at=ARRIVED, kind="boot") for number in (1, 2)
    ]
    both = [letter(1, ARRIVED), letter(2, ARRIVED)]
    store.keep([IngestCommit(events=events, dead_letters=both, received_at=ARRIVED)])
    assert b"dev-1" in b"".join(path.read_bytes() for path in tmp_path.rglob("*.jsonl"))

    said = BatchesSaid(files, lambda: ARRIVED)
    for _ in range(2):
        said.forget(["dev-1"], said.head())

    left = b"".join(path.read_bytes() for path in tmp_path.rglob("*.jsonl"))
    assert b"dev-1" not in left
    assert left.count(b'"device_id":"dev-2"') == 1
    assert [each.principal for each in letters.letters()] == ["dev-2"]
