"""What `DeadLetters` and `ReplayableLetters` promise, of a log and of a lake behind Lambdas."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from cloud.adapters.file_lake import FileLake
from cloud.adapters.lake_batches import BatchesSaid, LakeBatches
from cloud.adapters.lake_files import LakeFiles, LocalFiles
from cloud.adapters.lake_letters import LakeLetters
from cloud.adapters.lake_readings import LakeReadings
from cloud.adapters.log_batches import LogBatches
from cloud.adapters.memory_telemetry import MemoryReadingLog, MemoryRegistrations
from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.dead_letters import replay
from cloud.errors import AlreadyReplayedError, UnavailableError
from cloud.ports.batches import BatchStore
from cloud.ports.ingest import Registration
from cloud.ports.telemetry import DeadLetter, IngestCommit, LetterQuery, ReplayableLetters
from edge.contract import Event, Telemetry
from tests.contract.cloud.any_log import MINUTE, NOON, AnyLog, MakeTelemetry, letter


@dataclass(frozen=True)
class World:
    """Letters, and who takes in what devices say."""

    letters: ReplayableLetters
    store: BatchStore

    def refuse(self, *letters: DeadLetter) -> None:
        for each in letters:
            self.store.keep([IngestCommit(dead_letters=[each], received_at=each.received_at)])

    def accept(self, at: datetime, *readings: Telemetry) -> None:
        self.store.keep([IngestCommit(readings, received_at=at)])

    def readings(self) -> list[Telemetry]:
        return self.letters.between("dev-1", NOON - MINUTE, NOON + timedelta(days=1))


def _of_lake(files: LakeFiles) -> World:
    lake = FileLake(files)
    return World(LakeLetters(lake, files, lambda: NOON + 9 * MINUTE), LakeBatches(lake, files))


@pytest.fixture
def world(log_or_files: AnyLog | LakeFiles) -> World:
    if isinstance(log_or_files, MemoryReadingLog | SqliteReadingLog):
        return World(log_or_files, LogBatches(log_or_files))
    return _of_lake(log_or_files)


def test_a_dead_letter_comes_back_whole(world: World) -> None:
    whole, unindexed = letter("a"), DeadLetter("b", NOON, "t", "p", "not JSON", None, b"\x00\xff")

    world.refuse(whole, unindexed)

    assert world.letters.letters() == [unindexed, whole]


def test_a_repeated_dead_letter_is_one(world: World) -> None:
    world.refuse(letter("a"), letter("a", NOON + MINUTE), letter("b"), letter("a", NOON + 2 * MINUTE))

    assert world.letters.count() == 2
    assert [each.letter_id for each in world.letters.letters()] == ["a", "b"]
    assert [each.letter_id for each in world.letters.letters(limit=1)] == ["a"]
    assert {each.letter_id: each.times for each in world.letters.letters()} == {"a": 3, "b": 1}


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
def test_finds_dead_letters_by_what_is_asked(world: World, query: LetterQuery, found: str) -> None:
    other = DeadLetter("b", NOON + MINUTE, "dt/ac/gw-1/batch", "gw-1", "unknown device", None, b"{}")
    world.refuse(letter("a"), other, letter("c", NOON + 2 * MINUTE))
    world.letters.settle(letter("a"), NOON, IngestCommit())

    letters = world.letters.select(query, 10)

    assert "".join(each.letter_id for each in letters) == found
    assert all(query.matches(each) for each in letters)
    assert sum(world.letters.reasons(query).values()) == len(found)
    assert world.letters.select(query, 1) == letters[:1]


def test_a_list_of_dead_letters_goes_on_where_it_was_left_each_once(world: World) -> None:
    """Also those of one moment; the newest first."""
    moments = {"d": 2, "a": 1, "c": 1, "b": 1, "e": 0}
    world.refuse(*(letter(name, NOON + n * MINUTE) for name, n in moments.items()))

    seen: list[str] = []
    query = LetterQuery()
    while part := world.letters.select(query, 2):
        seen += [each.letter_id[0] for each in part]
        query = LetterQuery(after=part[-1].place)

    assert "".join(seen) == "dcbae"


def test_counts_dead_letters_by_reason_the_most_frequent_first(world: World) -> None:
    other = DeadLetter("z", NOON, "t", "p", "a rare one", None, b"{}")
    world.refuse(other, letter("a"), letter("b"), letter("b", NOON + MINUTE))

    assert list(world.letters.reasons(LetterQuery()).items()) == [("mode: unknown", 2), ("a rare one", 1)]


def test_a_dead_letter_is_settled_once_with_what_it_brings(
    world: World, make_telemetry: MakeTelemetry
) -> None:
    world.refuse(letter("a"))

    world.letters.settle(
        letter("a"), NOON + MINUTE, IngestCommit([make_telemetry()], received_at=NOON + MINUTE)
    )
    with pytest.raises(AlreadyReplayedError):
        world.letters.settle(letter("a"), NOON + MINUTE, IngestCommit([make_telemetry(setpoint_c=30.0)]))
    world.letters.refuse_again(letter("a"), "too late")

    (settled,) = world.letters.letters()
    assert (settled.replayed_at, settled.reason) == (NOON + MINUTE, "mode: unknown")
    assert world.readings() == [make_telemetry()]


def test_a_settled_dead_letter_that_comes_again_is_open_again(
    world: World, make_telemetry: MakeTelemetry
) -> None:
    world.refuse(letter("a"))
    world.letters.settle(letter("a"), NOON + MINUTE, IngestCommit())

    world.refuse(replace(letter("a", NOON + 2 * MINUTE), reason="mode: still unknown"))

    (again,) = world.letters.letters()
    assert (again.replayed_at, again.reason, again.times) == (None, "mode: still unknown", 2)
    world.letters.settle(again, NOON + 3 * MINUTE, IngestCommit([make_telemetry()], received_at=NOON))
    assert world.letters.letters()[0].replayed_at == NOON + 3 * MINUTE
    assert world.readings() == [make_telemetry()]


def test_a_dead_letter_that_is_refused_again_has_its_new_reason(world: World) -> None:
    world.refuse(letter("a"))

    world.letters.refuse_again(letter("a"), "unknown device")

    assert world.letters.letters() == [replace(letter("a"), reason="unknown device")]
    assert world.letters.reasons(LetterQuery()) == {"unknown device": 1}


def test_what_came_again_meanwhile_stays_as_it_came_last(world: World, make_telemetry: MakeTelemetry) -> None:
    """Also what is replayed long after, in whatever order."""
    old, new = make_telemetry(setpoint_c=20.0), make_telemetry(setpoint_c=22.0)
    refused = replace(
        letter("a"), reason="unknown device", index=None, element=old.model_dump_json().encode()
    )
    known = MemoryRegistrations({"dev-1": Registration(None, share_presence=True)})
    world.refuse(refused)
    world.accept(NOON + MINUTE, new)

    verdict = replay(refused, world.letters, known, NOON + 2 * MINUTE)

    assert (verdict.accepted, verdict.readings, verdict.superseded) == (True, 0, 1)
    assert world.readings() == [new]


@pytest.mark.parametrize("dies_after", [0, 1, 2, 3, 4])
def test_in_a_lake_a_replay_that_dies_is_made_good_by_the_next_one(
    tmp_path: Path, make_telemetry: MakeTelemetry, dies_after: int
) -> None:
    """It dies at each of its writes in turn; beside it the reading comes again, and wins."""

    class Dying(LocalFiles):
        left = 99

        def create(self, name: str, data: bytes) -> bool:
            if self.left == 0:
                raise UnavailableError(name)
            self.left -= 1
            return super().create(name, data)

    files = Dying(tmp_path)
    world = _of_lake(files)
    world.refuse(letter("a"))
    at = [NOON, NOON + MINUTE]
    event = Event(device_id="dev-1", event_id="e", occurred_at=NOON, kind="boot")
    brings = IngestCommit([make_telemetry(sampled_at=each, setpoint_c=20.0) for each in at], [event])

    files.left = dies_after
    with suppress(UnavailableError):
        world.letters.settle(letter("a"), NOON + MINUTE, brings)
    files.left = 99
    world.accept(NOON + MINUTE, make_telemetry(sampled_at=NOON, setpoint_c=22.0))
    with suppress(AlreadyReplayedError):
        world.letters.settle(letter("a"), NOON + 2 * MINUTE, brings)

    assert [each.setpoint_c for each in world.readings()] == [22.0, 20.0]
    (settled,) = world.letters.letters()
    assert settled.replayed_at is not None
    told = LakeReadings(FileLake(files), files, lambda: NOON + timedelta(hours=1))
    assert [each.event_id for each in told.events_of("dev-1", "boot", NOON)] == ["e"]


def test_what_a_lake_knows_of_the_letters_of_a_deleted_device_is_forgotten_with_them(tmp_path: Path) -> None:
    files = LocalFiles(tmp_path)
    world = _of_lake(files)
    world.refuse(letter("a"), replace(letter("b"), principal="dev-2"))
    for each in world.letters.letters():
        world.letters.settle(each, NOON, IngestCommit())

    BatchesSaid(files, lambda: NOON).forget({"dev-1"}, 0)

    assert [each.letter_id for each in world.letters.letters()] == ["b"]
    assert [name for name in files.names("_dead_letters_replayed/") if "/a-" in name] == []
