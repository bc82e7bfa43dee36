"""A state store behaves like a dict, whatever is done to it and in whatever order."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from cloud.adapters.memory_state import MemoryStateStore
from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.errors import ConflictError
from cloud.ports.state import Body, Delete, Item, Put, StateStore, Write

KEYS = st.sampled_from(["", "a", "a1", "a2", "b", "ä", "\U0001f321", "\uffff"])
PKS = st.sampled_from(["p", "q"])
VERSIONS = st.none() | st.integers(0, 3)
BODIES = st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=5) | st.none(), max_size=3)
LIFETIMES_S = st.none() | st.integers(-1, 20)


@st.composite
def writes(draw: st.DrawFn) -> list[tuple[str, str, Body | None, int | None, int | None]]:
    keys = draw(st.lists(st.tuples(PKS, KEYS), unique=True, max_size=4))
    return [(pk, sk, draw(st.none() | BODIES), draw(VERSIONS), draw(LIFETIMES_S)) for pk, sk in keys]


@dataclass
class _Clock:
    now: datetime = datetime(2025, 7, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class StateStoreMachine(RuleBasedStateMachine):
    """Runs the store and a plain dict side by side."""

    make: Callable[[Path, _Clock], StateStore]

    def __init__(self) -> None:
        super().__init__()
        self.clock = _Clock()
        self.folder = Path(tempfile.mkdtemp())
        self.store = type(self).make(self.folder, self.clock)
        self.model: dict[tuple[str, str], Item] = {}

    def teardown(self) -> None:
        if isinstance(self.store, SqliteStateStore):
            self.store.close()
        shutil.rmtree(self.folder)

    @rule(seconds=st.integers(1, 10))
    def time_passes(self, seconds: int) -> None:
        self.clock.now += timedelta(seconds=seconds)
        self.model = {
            key: item
            for key, item in self.model.items()
            if item.expires_at is None or item.expires_at > self.clock.now
        }

    @rule(drawn=writes())
    def transact(self, drawn: list[tuple[str, str, Body | None, int | None, int | None]]) -> None:
        todo = [self._write(*one) for one in drawn]
        expected = self._outcome(todo)
        if expected is None:
            with pytest.raises(ConflictError):
                self.store.transact(todo)
        else:
            self.store.transact(todo)
            self.model = expected

    @rule(pk=PKS, sk=KEYS)
    def get(self, pk: str, sk: str) -> None:
        assert self.store.get(pk, sk) == self.model.get((pk, sk))

    @rule(pk=PKS, prefix=KEYS, after=KEYS, limit=st.integers(0, 5))
    def query(self, pk: str, prefix: str, after: str, limit: int) -> None:
        expected = [
            item
            for (item_pk, sk), item in sorted(self.model.items())
            if item_pk == pk and sk > after and sk.startswith(prefix)
        ]
        assert self.store.query(pk, prefix=prefix, after=after, limit=limit) == expected[:limit]

    def _write(self, pk: str, sk: str, body: Body | None, version: int | None, lifetime: int | None) -> Write:
        if body is None:
            return Delete(pk, sk, version)
        expires_at = None if lifetime is None else self.clock.now + timedelta(seconds=lifetime)
        return Put(pk, sk, body, version, expires_at)

    def _outcome(self, todo: list[Write]) -> dict[tuple[str, str], Item] | None:
        outcome = dict(self.model)
        for write in todo:
            key = (write.pk, write.sk)
            version = self.model[key].version if key in self.model else 0
            if write.if_version is not None and write.if_version != version:
                return None
            outcome.pop(key, None)
            if isinstance(write, Put) and (write.expires_at is None or write.expires_at > self.clock.now):
                outcome[key] = Item(write.pk, write.sk, write.body, version + 1, write.expires_at)
        return outcome


class MemoryMachine(StateStoreMachine):
    make = staticmethod(lambda _folder, clock: MemoryStateStore(clock))


class SqliteMachine(StateStoreMachine):
    make = staticmethod(lambda folder, clock: SqliteStateStore(folder / "state.sqlite", clock))


@pytest.mark.parametrize("machine", [MemoryMachine, SqliteMachine])
def test_behaves_like_a_dict(machine: type[StateStoreMachine]) -> None:
    run_state_machine_as_test(
        machine, settings=settings(max_examples=40, stateful_step_count=30, deadline=None)
    )
