"""A state store behaves like a dict, whatever is done to it and in whatever order."""

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.httpsession import URLLib3Session
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from cloud.adapters.memory_state import MemoryStateStore
from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.errors import ConflictError
from cloud.ports.state import Body, Delete, Item, Put, StateStore, Write
from tests.aws_faults import refusal
from tests.items import item_of

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
                outcome[key] = item_of(write.pk, write.sk, write.body, version + 1, write.expires_at)
        return outcome


class MemoryMachine(StateStoreMachine):
    make = staticmethod(lambda _folder, clock: MemoryStateStore(clock))


class SqliteMachine(StateStoreMachine):
    make = staticmethod(lambda folder, clock: SqliteStateStore(folder / "state.sqlite", clock))


class FaultyDynamoDb:
    """DynamoDB that throttles, fails, and loses answers to what it has done, never thrice in a row.

    What has been done is not done again for the same token, as on AWS (ClientRequestToken).
    """

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 (which request fails, no secret)
        self._wire = URLLib3Session()
        self._done: dict[str, AWSResponse] = {}
        self._in_a_row = 0
        self.seen: Counter[str] = Counter()

    def answer(self, request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
        """Instead of sending, or None to send; botocore's `before-send`."""
        fault = self._fault()
        if fault in _FAULTS:
            return _refusal(request, fault)
        token = json.loads(request.body).get("ClientRequestToken", "")
        answer = self._done.get(token) or self._wire.send(request)
        if token and answer.status_code == HTTPStatus.OK:
            self._done[token] = answer
        return _refusal(request, "InternalServerError") if fault == "answer lost" else answer

    def _fault(self) -> str:
        fault = self._random.choices(["none", "answer lost", *_FAULTS], [60, 12, 7, 7, 7, 7])[0]
        self._in_a_row = 0 if fault == "none" else self._in_a_row + 1
        fault = fault if self._in_a_row < 3 else "none"
        self.seen[fault] += 1
        return fault


_FAULTS = {
    "InternalServerError": 500,
    "ServiceUnavailable": 503,
    "ProvisionedThroughputExceededException": 400,
    "TransactionCanceledException": 400,
}


def _refusal(request: AWSPreparedRequest, code: str) -> AWSResponse:
    asked = json.loads(request.body)
    steps = len(asked.get("TransactItems", ()))
    if code == "TransactionCanceledException" and not steps:
        code = "ThrottlingException"
    reasons = [{"Code": "TransactionConflict" if n == 0 else "None"} for n in range(steps)]
    body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "CancellationReasons": reasons}
    return refusal(request, _FAULTS.get(code, 400), json.dumps(body).encode())


def test_dynamodb_behaves_like_a_dict(make_dynamodb_state: Callable[[_Clock], StateStore]) -> None:
    class DynamoDbMachine(StateStoreMachine):
        make = staticmethod(lambda _folder, clock: make_dynamodb_state(clock))

    run_state_machine_as_test(
        DynamoDbMachine, settings=settings(max_examples=8, stateful_step_count=30, deadline=None)
    )


def test_nobody_notices_what_dynamodb_recovers_from(
    make_dynamodb_state: Callable[[_Clock], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    faults = FaultyDynamoDb(seed=3)

    def make(_folder: Path, clock: _Clock) -> StateStore:
        made = make_dynamodb_state(clock)
        made.client.meta.events.register("before-send.dynamodb", faults.answer)
        made._sleep = lambda _: None
        return cast("StateStore", made)

    class FaultyMachine(StateStoreMachine): ...

    FaultyMachine.make = staticmethod(make)
    run_state_machine_as_test(
        FaultyMachine, settings=settings(max_examples=8, stateful_step_count=30, deadline=None)
    )
    assert min(faults.seen[fault] for fault in ("answer lost", *_FAULTS)) > 2, faults.seen


@pytest.mark.parametrize("machine", [MemoryMachine, SqliteMachine])
def test_behaves_like_a_dict(machine: type[StateStoreMachine]) -> None:
    run_state_machine_as_test(
        machine, settings=settings(max_examples=40, stateful_step_count=30, deadline=None)
    )
