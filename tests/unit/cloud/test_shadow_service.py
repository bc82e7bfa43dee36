from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from typing_extensions import override

from cloud.adapters.memory_state import MemoryStateStore
from cloud.errors import UnavailableError
from cloud.ports.state import Write
from cloud.shadow import Operation, Request
from cloud.shadow_service import ShadowService

T0 = datetime(2025, 7, 1, 12, tzinfo=UTC)


@dataclass
class SettableClock:
    now: datetime = T0

    def __call__(self) -> datetime:
        return self.now


@dataclass
class CountingStore(MemoryStateStore):
    """Remembers how much each transaction wrote, and fails when told to."""

    transactions: list[int] = field(default_factory=list[int])
    fails: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    @override
    def transact(self, writes: Sequence[Write]) -> None:
        if self.fails:
            raise UnavailableError("no space left")
        self.transactions.append(len(writes))
        super().transact(writes)


def _setpoint(device_id: str, setpoint_c: int) -> Request:
    payload = f'{{"state":{{"desired":{{"setpoint_c":{setpoint_c}}}}}}}'
    return Request(device_id, "update", payload.encode())


def _ask(device_id: str, operation: Operation) -> Request:
    return Request(device_id, operation, b"")


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


def test_answers_in_the_order_of_the_requests(clock: SettableClock) -> None:
    service = ShadowService(MemoryStateStore(clock), clock)

    answers = service.serve([_ask("a", "get"), _setpoint("a", 24), _setpoint("b", 25), _ask("a", "delete")])

    assert [(device_id, answer.suffix) for device_id, answer in answers] == [
        ("a", "get/rejected"),
        ("a", "update/accepted"),
        ("a", "update/delta"),
        ("a", "update/documents"),
        ("b", "update/accepted"),
        ("b", "update/delta"),
        ("b", "update/documents"),
        ("a", "delete/accepted"),
    ]
    assert answers[1][1].document["timestamp"] == int(T0.timestamp())


def test_a_group_is_one_commit_and_reads_write_nothing(clock: SettableClock) -> None:
    store = CountingStore()
    service = ShadowService(store, clock)

    service.serve([_setpoint("a", 24), _setpoint("a", 25), _setpoint("b", 25)])
    service.serve([_ask("a", "get"), Request("a", "update", b"{")])

    assert store.transactions == [2]


def test_more_shadows_than_one_transaction_takes_are_all_stored(clock: SettableClock) -> None:
    store = CountingStore()

    ShadowService(store, clock).serve([_setpoint(f"d{n}", 24) for n in range(250)])

    assert store.transactions == [100, 100, 50]


def test_a_new_service_goes_on_where_the_old_one_stopped(clock: SettableClock) -> None:
    store = MemoryStateStore(clock)
    ShadowService(store, clock).serve([_setpoint("a", 24), _setpoint("a", 25)])

    [(_, answer)] = ShadowService(store, clock).serve([_ask("a", "get")])

    assert answer.document["version"] == 2
    assert answer.document["state"]["desired"] == {"setpoint_c": 25}


def test_what_was_not_stored_did_not_happen(clock: SettableClock) -> None:
    store = CountingStore()
    service = ShadowService(store, clock)
    service.serve([_setpoint("a", 24)])
    store.fails = True
    with pytest.raises(UnavailableError):
        service.serve([_setpoint("a", 25)])

    store.fails = False
    [(_, answer)] = service.serve([_ask("a", "get")])

    assert answer.document["version"] == 1
    assert answer.document["state"]["desired"] == {"setpoint_c": 24}


@pytest.mark.parametrize(("pause", "version"), [(timedelta(hours=47), 3), (timedelta(hours=48), 1)])
def test_the_version_of_a_deleted_shadow_is_kept_for_48_hours(
    clock: SettableClock, pause: timedelta, version: int
) -> None:
    """AWS IoT, "Interacting with shadows": within 48 hours the version follows that of the deleted one."""
    service = ShadowService(MemoryStateStore(clock), clock)
    service.serve([_setpoint("a", 24), _setpoint("a", 25), _ask("a", "delete")])

    clock.now += pause
    answers = service.serve([_ask("a", "get"), _setpoint("a", 26)])

    assert answers[0][1].document["code"] == 404
    assert answers[1][1].document["version"] == version


def test_a_forgotten_shadow_is_gone_with_its_version_and_does_not_come_back(clock: SettableClock) -> None:
    deleted: set[str] = set()
    store = MemoryStateStore(clock)
    service = ShadowService(store, clock, deleted.__contains__)
    service.serve([_setpoint("a", 24), _setpoint("a", 25), _setpoint("b", 24)])

    deleted.add("a")
    service.serve([_setpoint("a", 26)])  # its shadow is there still
    service.forget("a")
    answers = service.serve([_setpoint("a", 27), _ask("a", "get"), _setpoint("b", 25)])

    assert store.query("thing#a") == []
    assert [answer.suffix for device_id, answer in answers if device_id == "a"] == ["get/rejected"]
    assert store.query("thing#b")[0].body["version"] == 2
    deleted.clear()  # it is registered anew
    assert service.serve([_setpoint("a", 24)])[0][1].document["version"] == 1
