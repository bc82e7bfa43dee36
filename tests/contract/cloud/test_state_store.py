"""What every `StateStore` promises."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cloud.adapters.memory_state import MemoryStateStore
from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.errors import ConflictError, RejectedError
from cloud.ports.state import (
    ABSENT,
    MAX_ITEM_BYTES,
    MAX_KEY_BYTES,
    MAX_KEYS,
    MAX_TRANSACTION_BYTES,
    MAX_WRITES,
    Delete,
    Put,
    StateStore,
)
from tests.items import item_of

T0 = datetime(2025, 7, 1, 12, tzinfo=UTC)


@dataclass
class SettableClock:
    now: datetime = T0

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture(params=["memory", "sqlite", "dynamodb"])
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: SettableClock) -> Iterator[StateStore]:
    if request.param == "memory":
        yield MemoryStateStore(clock)
        return
    if request.param == "dynamodb":
        yield request.getfixturevalue("make_dynamodb_state")(clock)
        return
    sqlite = SqliteStateStore(tmp_path / "sub" / "state.sqlite", clock)
    yield sqlite
    sqlite.close()


def test_has_nothing_at_first(store: StateStore) -> None:
    assert store.get("p", "a") is None
    assert store.query("p") == []


def test_returns_what_was_put(store: StateStore) -> None:
    body = {"text": "Grüße ❄", "number": 1.5, "none": None, "list": [1, {"x": True}]}

    store.transact([Put("p", "a", body, expires_at=T0 + timedelta(microseconds=1))])

    assert store.get("p", "a") == item_of("p", "a", body, 1, T0 + timedelta(microseconds=1))


def test_each_of_some_items_is_found_if_it_is_there(store: StateStore, clock: SettableClock) -> None:
    store.transact([Put("p", sk, {"is": sk}) for sk in ("a", "b", "c")])
    store.transact([Put("q", "d", {}), Put("p", "gone", {}, expires_at=clock.now)])
    wanted = [("p", "a"), ("p", "c"), ("p", "d"), ("q", "d"), ("q", "a"), ("p", "gone")]

    found = store.get_each(wanted)

    assert set(found) == {("p", "a"), ("p", "c"), ("q", "d")}
    assert all(item == store.get(*key) for key, item in found.items())
    assert store.get_each([]) == {}


def test_as_many_items_as_may_be_are_found_at_once(store: StateStore) -> None:
    keys = [(f"p{number}", "a") for number in range(MAX_KEYS)]
    store.transact([Put(*key, {}) for key in keys])

    assert set(store.get_each(keys)) == set(keys)


def test_counts_versions_and_starts_again_after_a_delete(store: StateStore) -> None:
    for expected in (1, 2, 3):
        store.transact([Put("p", "a", {})])
        item = store.get("p", "a")
        assert item is not None
        assert item.version == expected

    store.transact([Delete("p", "a")])
    store.transact([Put("p", "a", {})])

    item = store.get("p", "a")
    assert item is not None
    assert item.version == 1


def test_a_later_change_of_the_body_stays_outside(store: StateStore) -> None:
    body = {"inner": {"n": 1}}
    store.transact([Put("p", "a", body)])
    body["inner"]["n"] = 2
    item = store.get("p", "a")
    assert item is not None
    item.body["inner"]["n"] = 3

    again = store.get("p", "a")

    assert again is not None
    assert again.body == {"inner": {"n": 1}}


def test_query_is_ordered_and_stays_in_its_partition(store: StateStore) -> None:
    store.transact([Put("p", sk, {"sk": sk}) for sk in ("b2", "a1", "c", "b1", "b", "ü")])
    store.transact([Put("q", "b0", {}), Put("pp", "b0", {})])

    assert [item.sk for item in store.query("p")] == ["a1", "b", "b1", "b2", "c", "ü"]
    assert [item.sk for item in store.query("p", prefix="b")] == ["b", "b1", "b2"]
    assert [item.sk for item in store.query("p", prefix="b", after="b")] == ["b1", "b2"]
    assert [item.sk for item in store.query("p", after="b", limit=2)] == ["b1", "b2"]
    assert [item.sk for item in store.query("p", prefix="b", after="b1", limit=1)] == ["b2"]
    assert store.query("p", limit=0) == []


def test_a_prefix_is_no_pattern(store: StateStore) -> None:
    store.transact([Put("p", sk, {}) for sk in ("a%b", "a_b", "axb", "A%b")])

    assert [item.sk for item in store.query("p", prefix="a%")] == ["a%b"]
    assert [item.sk for item in store.query("p", prefix="a_")] == ["a_b"]


@pytest.mark.parametrize("write", [Put("p", "a", {"n": 2}, if_version=2), Delete("p", "a", if_version=2)])
def test_a_condition_on_an_old_version_conflicts(store: StateStore, write: Put | Delete) -> None:
    store.transact([Put("p", "a", {"n": 1})])

    with pytest.raises(ConflictError):
        store.transact([write])

    assert store.get("p", "a") == item_of("p", "a", {"n": 1}, 1)


def test_a_condition_that_holds_is_no_hindrance(store: StateStore) -> None:
    store.transact([Put("p", "a", {"n": 1}, if_version=ABSENT)])
    store.transact([Put("p", "a", {"n": 2}, if_version=1)])
    assert store.get("p", "a") == item_of("p", "a", {"n": 2}, 2)

    store.transact([Delete("p", "a", if_version=2), Delete("p", "b", if_version=ABSENT)])

    assert store.get("p", "a") is None


@pytest.mark.parametrize("write", [Put("p", "a", {}, if_version=ABSENT), Delete("p", "a", if_version=ABSENT)])
def test_absent_means_absent(store: StateStore, write: Put | Delete) -> None:
    store.transact([Put("p", "a", {"n": 1})])

    with pytest.raises(ConflictError):
        store.transact([write])


def test_writes_all_or_nothing(store: StateStore) -> None:
    store.transact([Put("p", "b", {"n": 1})])

    with pytest.raises(ConflictError):
        store.transact([Put("p", "a", {}), Delete("p", "b"), Put("p", "c", {}, if_version=7)])

    assert store.query("p") == [item_of("p", "b", {"n": 1}, 1)]


def test_deleting_what_is_not_there_is_fine(store: StateStore) -> None:
    store.transact([Delete("p", "a")])

    assert store.get("p", "a") is None


def test_an_expired_item_is_as_if_it_were_not_there(store: StateStore, clock: SettableClock) -> None:
    store.transact([Put("p", "a", {"n": 1}, expires_at=T0 + timedelta(seconds=10)), Put("p", "b", {})])
    store.transact([Put("p", "a", {"n": 2}, expires_at=T0 + timedelta(seconds=10))])
    clock.now = T0 + timedelta(seconds=10) - timedelta(microseconds=1)
    assert store.get("p", "a") is not None

    clock.now = T0 + timedelta(seconds=10)

    assert store.get("p", "a") is None
    assert [item.sk for item in store.query("p", limit=1)] == ["b"]
    with pytest.raises(ConflictError):
        store.transact([Put("p", "a", {}, if_version=2)])
    store.transact([Put("p", "a", {"n": 3}, if_version=ABSENT)])
    assert store.get("p", "a") == item_of("p", "a", {"n": 3}, 1)


def test_a_put_over_an_expired_item_counts_from_one(store: StateStore, clock: SettableClock) -> None:
    store.transact([Put("p", "a", {"n": 1}, expires_at=T0 + timedelta(seconds=1))])
    store.transact([Put("p", "a", {"n": 2}, expires_at=T0 + timedelta(seconds=1))])
    clock.now = T0 + timedelta(seconds=1)

    store.transact([Put("p", "a", {"n": 3}), Put("p", "b", {})])

    assert store.get("p", "a") == item_of("p", "a", {"n": 3}, 1)
    assert store.get("p", "b") is not None


def test_a_put_without_expiry_ends_an_earlier_one(store: StateStore, clock: SettableClock) -> None:
    store.transact([Put("p", "a", {}, expires_at=T0 + timedelta(seconds=1))])
    store.transact([Put("p", "a", {})])

    clock.now = T0 + timedelta(days=1)

    assert store.get("p", "a") == item_of("p", "a", {}, 2)


def test_takes_as_many_writes_as_promised_and_no_more(store: StateStore) -> None:
    writes = [Put("p", f"{n:03d}", {}) for n in range(MAX_WRITES + 1)]

    with pytest.raises(RejectedError):
        store.transact(writes)
    assert store.query("p") == []

    store.transact(writes[:MAX_WRITES])
    assert len(store.query("p", limit=1000)) == MAX_WRITES


def test_takes_an_item_as_large_as_promised_and_no_larger(store: StateStore) -> None:
    frame = len('{"x":""}')
    largest = {"x": "ü" * ((MAX_ITEM_BYTES - frame) // 2)}  # two bytes each: bytes count, not characters

    store.transact([Put("p", "a", largest)])
    with pytest.raises(RejectedError):
        store.transact([Put("p", "b", {"x": largest["x"] + "yy"})])

    assert [item.sk for item in store.query("p")] == ["a"]


@pytest.mark.parametrize("writes", [
    [Put("p", "a", {"n": 1}), Put("p", "a", {"n": 2})],
    [Put("p", "a", {"n": 1}), Delete("p", "a")],
    [Put("p", "a", {"n": float("nan")})],
    [Put("p", "a", {"half a surrogate pair": "\ud800"})],
    [Put("p", "\ud800", {})],
    [Put("", "a", {})],
    [Put("p", "ü" * (MAX_KEY_BYTES // 2) + "x", {})],
    [Delete("p" * (MAX_KEY_BYTES + 1), "a")],
    [Put("p", f"{n}", {"x": "y" * (MAX_TRANSACTION_BYTES // 10)}) for n in range(10)],
])  # fmt: skip
def test_refuses_what_no_store_can_keep(store: StateStore, writes: list[Put | Delete]) -> None:
    with pytest.raises(RejectedError):
        store.transact(writes)

    assert store.query("p") == []


def test_takes_keys_as_long_as_promised(store: StateStore) -> None:
    pk, sk = "ü" * (MAX_KEY_BYTES // 2), "x" * MAX_KEY_BYTES

    store.transact([Put(pk, sk, {"n": 1})])

    assert store.get(pk, sk) == item_of(pk, sk, {"n": 1}, 1)


def test_threads_never_lose_an_update(store: StateStore) -> None:
    store.transact([Put("p", "n", {"n": 0})])

    _run_in_threads(4, lambda: _increment(store, times=25))

    assert store.get("p", "n") == item_of("p", "n", {"n": 100}, 101)


def _increment(store: StateStore, times: int) -> None:
    while times > 0:
        item = store.get("p", "n")
        assert item is not None
        with suppress(ConflictError):
            store.transact([Put("p", "n", {"n": item.body["n"] + 1}, if_version=item.version)])
            times -= 1


def _run_in_threads(count: int, work: Callable[[], object]) -> None:
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 (handed to the test's own thread)
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not failures
