"""What is deleted by HTTP leaves log, dead letters and lake, whoever is killed, and nothing else does."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from typing_extensions import override

from cloud.adapters.memory_lake import MemoryLake
from cloud.adapters.memory_reports import MemoryReports
from cloud.adapters.memory_state import MemoryStateStore
from cloud.adapters.memory_telemetry import MemoryReadingLog
from cloud.deletion import open_requests, settle
from cloud.deletion_desk import SETTLING, DeletionDesk
from cloud.lake_sealer import LakeSealer, SealPolicy
from cloud.ports.deletion import SCRUB_PK, deletion_pk, deletion_writes, digest_of, is_being_deleted
from cloud.ports.ingest import Forgetting
from cloud.ports.telemetry import DeadLetter, IngestCommit
from cloud.quality.daily import AtTheDoor, DailyQuality
from edge.contract import Event, Telemetry

T0 = datetime(2026, 7, 1, 12, tzinfo=UTC)
MakeTelemetry = Callable[..., Telemetry]


class KilledError(BaseException):
    """kill -9: nothing that comes after is run."""


@dataclass
class LitteredLake(MemoryLake):
    """A lake in which a killed writer has left a file, until it is swept."""

    littered: bool = False

    @override
    def forget(self, device_ids: object, up_to: int) -> Forgetting:
        done = super().forget(device_ids, up_to)  # type: ignore[arg-type]  # as it came
        return Forgetting(done.rows, complete=not self.littered)


@dataclass
class World:
    make_telemetry: MakeTelemetry
    now: datetime = T0
    state: MemoryStateStore = field(default_factory=MemoryStateStore)
    log: MemoryReadingLog = field(default_factory=MemoryReadingLog)
    lake: LitteredLake = field(default_factory=LitteredLake)
    reports: MemoryReports = field(default_factory=MemoryReports)
    scrubs: int = 0

    def say(self, device_id: str, minute: int) -> Telemetry:
        at = T0 + timedelta(minutes=minute)
        reading = self.make_telemetry(device_id=device_id, sampled_at=at)
        event = Event(device_id=device_id, event_id=f"e{minute}", occurred_at=at, kind="boot", detail={})
        topic = f"dt/ac/{device_id}/telemetry"
        letter = DeadLetter(f"{device_id}-{minute}", at, topic, device_id, "why", None, b"{}")
        self.log.commit(IngestCommit([reading], [event], [letter]))
        return reading

    def seal(self) -> None:
        LakeSealer(self.log, self.lake, SealPolicy(1, 1.0)).seal()

    def delete(self, device_id: str) -> None:
        self.state.transact(deletion_writes(device_id, self.now))

    def desk(self) -> DeletionDesk:
        quality = DailyQuality(self.lake, self.reports, AtTheDoor, lambda: self.now)
        return DeletionDesk(self.state, self.log, self.lake, quality, self.scrub, lambda: self.now)

    def scrub(self) -> None:
        self.scrubs += 1

    def others_are_done(self) -> None:
        for doer in ("advisor", "shadow", "access"):
            for item, _ in list(open_requests(self.state, doer)):
                settle(self.state, item)

    def said(self) -> dict[str, set[str]]:
        """Who is still in which place."""
        return {
            "log": {logged.reading.device_id for logged in self.log.readings},
            "events": {device_id for device_id, _ in self.log.events},
            "letters": {letter.principal for letter in self.log.letters()},
            "lake": set(self.lake.scan()["device_id"].to_pylist()),
            "reports": {each["device_id"] for each in self.reports.reports[T0.date()]["per_device"]},
        }


def everywhere(*device_ids: str) -> dict[str, set[str]]:
    return {place: set(device_ids) for place in ("log", "events", "letters", "lake", "reports")}


@pytest.fixture
def world(make_telemetry: MakeTelemetry) -> World:
    world = World(make_telemetry)
    for minute, device_id in enumerate(["goes", "stays"]):
        world.say(device_id, minute)
    world.seal()
    DailyQuality(world.lake, world.reports, AtTheDoor, lambda: T0 + timedelta(days=1)).look()
    return world


def test_once_nothing_more_of_it_is_accepted_all_of_it_goes(world: World) -> None:
    world.delete("goes")
    world.say("goes", 7)  # ingest had not noticed yet
    desk = world.desk()

    world.now += SETTLING - timedelta(seconds=1)
    desk.look()
    assert world.said() == everywhere("goes", "stays")

    world.now += timedelta(seconds=1)
    desk.look()
    assert world.said() == everywhere("stays")
    assert world.state.query(deletion_pk("ingest")) == []


def test_by_a_clock_that_was_set_back_it_goes_too(world: World) -> None:
    world.delete("goes")

    world.now -= timedelta(days=400)
    world.desk().look()

    assert world.said() == everywhere("stays")


def test_what_is_said_once_it_can_be_claimed_again_is_never_taken_for_what_was_deleted(world: World) -> None:
    world.delete("goes")
    world.lake.littered = True
    world.others_are_done()
    assert is_being_deleted(world.state, "goes")
    world.now += SETTLING
    world.desk().look()
    assert not is_being_deleted(world.state, "goes")
    assert world.state.query(deletion_pk("ingest"))

    newer = world.say("goes", 9)
    world.seal()
    for _ in range(2):
        world.desk().look()
        world.lake.littered = False

    assert world.state.query(deletion_pk("ingest")) == []
    assert world.said() == {**everywhere("goes", "stays"), "reports": {"stays"}}
    assert world.lake.scan()["sampled_at"].to_pylist()[0] == newer.sampled_at


def test_a_device_that_is_deleted_twice_goes_twice(world: World) -> None:
    world.delete("goes")
    world.lake.littered = True
    world.now += SETTLING
    world.desk().look()
    world.say("goes", 9)

    world.delete("goes")
    world.lake.littered = False
    world.now += SETTLING
    world.desk().look()

    assert world.said() == everywhere("stays")
    assert world.state.query(deletion_pk("ingest")) == []


def test_the_journal_is_emptied_when_everybody_is_done_and_before_it_is_forgotten(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.delete("goes")
    world.now += SETTLING
    world.desk().look()
    assert world.scrubs == 0

    world.others_are_done()
    desk = world.desk()
    monkeypatch.setattr(world.state, "transact", die)
    with pytest.raises(KilledError):
        desk.look()
    monkeypatch.undo()
    assert world.scrubs == 1
    assert [item.sk for item in world.state.query(SCRUB_PK)] == [digest_of("goes")]

    world.desk().look()
    assert world.scrubs == 2
    assert world.state.query(SCRUB_PK) == []


def die(*_: object) -> None:
    raise KilledError


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("place", ["log.forget", "lake.forget", "reports.replace", "state.transact"])
@pytest.mark.parametrize("littered", [False, True])
def test_killed_anywhere_it_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch, place: str, *, after: bool, littered: bool
) -> None:
    world.delete("goes")
    world.lake.littered = littered
    world.now += SETTLING
    name, method = place.split(".")
    owner = getattr(world, name)
    call = getattr(owner, method)

    def killed(*arguments: object) -> None:
        if after:
            call(*arguments)
        raise KilledError

    monkeypatch.setattr(type(owner), method, lambda _self, *arguments: killed(*arguments))
    with pytest.raises(KilledError):
        world.desk().look()
    monkeypatch.undo()

    world.desk().look()
    world.lake.littered = False
    world.desk().look()

    assert world.said() == everywhere("stays")
    assert world.state.query(deletion_pk("ingest")) == []


@pytest.mark.parametrize("littered", [False, True])
def test_a_device_that_is_deleted_again_meanwhile_is_asked_for_again(
    world: World, monkeypatch: pytest.MonkeyPatch, *, littered: bool
) -> None:
    world.delete("goes")
    world.lake.littered = littered
    world.now += SETTLING
    forget = world.lake.forget

    def deleted_meanwhile(*arguments: object) -> Forgetting:
        world.delete("goes")
        return forget(*arguments)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr(LitteredLake, "forget", lambda _self, *arguments: deleted_meanwhile(*arguments))
    world.desk().look()

    ((_, request),) = open_requests(world.state, "ingest")
    assert (request.begun, request.asked_at) == (False, world.now)
