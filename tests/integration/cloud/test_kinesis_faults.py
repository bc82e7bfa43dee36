"""Whatever happens to batches of the stream, lake and state are as if nothing had happened.

A state machine: devices publish, the mapping hands over batches, also halved, twice, late and by a replay;
somebody merges the lake; S3, DynamoDB and Kinesis throttle, fail, lose answers and let iterators expire, and
Lambdas are killed in the middle. Beside it stands a lake in memory that has taken each record once, in order.
"""

import json
from base64 import b64encode
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import md5
from pathlib import Path
from time import monotonic, sleep
from typing import Any, ClassVar, TypeAlias
from uuid import uuid4

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.httpsession import URLLib3Session
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from cloud.adapters.dynamodb_state import DynamoDbStateStore
from cloud.adapters.file_lake import FileLake
from cloud.adapters.kinesis_records import KinesisRecords
from cloud.adapters.lake_batches import LakeBatches
from cloud.adapters.lake_files import LakeFiles
from cloud.adapters.lake_readings import LakeReadings
from cloud.adapters.memory_files import MemoryFiles
from cloud.adapters.memory_telemetry import MemoryRegistrations
from cloud.adapters.object_letters import ObjectLetters
from cloud.config import CloudSettings
from cloud.errors import UnavailableError
from cloud.kinesis_batch import KinesisEvent, ingest_batch
from cloud.ports.ingest import Registration
from cloud.ports.records import DeviceRecord, device_pk
from cloud.ports.state import Put
from cloud.wiring.kinesis import Handler, kinesis_handler
from cloud.wiring.lake import lake_files, open_lake, utc_now
from tests.aws_faults import KilledError, answered, refusal
from tests.moto_account import make_bucket
from tests.records import record

NOON = datetime(2025, 7, 1, 12, 0, tzinfo=UTC)
DEVICES = ["dev-0", "dev-3"]
STRANGER = "dev-9"
SHARDS = 2
TICK_S = 0.002
"""The last arrival of a key wins, to the millisecond: repeats of a key arrive so much later."""

FAULTS: dict[str, dict[str, int]] = {
    "s3": {"SlowDown": 503, "InternalError": 500, "RequestTimeout": 400},
    "dynamodb": {"ProvisionedThroughputExceededException": 400, "InternalServerError": 500},
    "kinesis": {
        "ExpiredIteratorException": 400,
        "ProvisionedThroughputExceededException": 400,
        "InternalFailure": 500,
        "ServiceUnavailable": 503,
    },
}
STEPS = 10

FOR_THE_RECORD = 100
"""Examples of the slow run, whose faults are counted in `tests/results/`."""

Plan: TypeAlias = list[tuple[int, str, int]]
"""So many requests go well, then a fault, so often in a row."""

Message: TypeAlias = tuple[str, str, int, float]

PLANS = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.sampled_from(["throttled", "failed", "answer lost", "killed before", "killed after"]),
        st.integers(1, 3),
    ),
    min_size=1,
    max_size=4,
)
MESSAGES = st.lists(
    st.tuples(
        st.sampled_from([*DEVICES, STRANGER]),
        st.sampled_from(["reading", "reading", "reading", "event", "junk", "bad reading"]),
        st.integers(0, 1),
        st.integers(20, 25).map(float),
    ),
    min_size=6,
    max_size=12,
    unique_by=lambda each: each[:3],
)


@dataclass
class Faults:
    """AWS with a plan of what goes wrong next; without one all goes well."""

    seen: Counter[str] = field(default_factory=Counter[str])
    coming: list[str] = field(default_factory=list[str])
    _wire: URLLib3Session = field(default_factory=URLLib3Session)

    def plan(self, plan: Plan) -> None:
        self.coming = [each for skip, fault, times in plan for each in [*[""] * skip, *[fault] * times]]

    def answer(self, request: AWSPreparedRequest, event_name: str, **_: object) -> AWSResponse | None:
        """Instead of sending, or None to send; botocore's `before-send`."""
        fault = self.coming.pop(0) if self.coming else ""
        if not fault:
            return None
        service = event_name.split(".")[1]
        if fault.startswith("killed") and service == "kinesis":
            fault = "failed"  # what reads the stream is no Lambda of ours
        self.seen[f"{service} {fault}"] += 1
        if fault in ("answer lost", "killed after"):
            self._wire.send(request)
        if fault.startswith("killed"):
            raise KilledError
        return self._refusal(request, service, fault)

    def _refusal(self, request: AWSPreparedRequest, service: str, fault: str) -> AWSResponse:
        codes = list(FAULTS[service])
        code = codes[0] if fault == "throttled" else codes[len(self.coming) % (len(codes) - 1) + 1]
        if request.headers.get("X-Amz-Target", b"").endswith(b"GetRecords") and fault != "failed":
            code = "ExpiredIteratorException"
        status = FAULTS[service][code]
        if service == "s3":
            return refusal(request, status, f"<Error><Code>{code}</Code></Error>".encode())
        return refusal(request, status, json.dumps({"__type": code}).encode())


@dataclass(frozen=True)
class Account:
    """What there is once for all examples."""

    endpoint: str
    folder: Path
    state: DynamoDbStateStore
    faults: Faults


class Mapping(RuleBasedStateMachine):
    """A stream, and what AWS may do with its records on their way into the lake."""

    account: ClassVar[Account]

    @initialize(messages=MESSAGES, corrected=MESSAGES, is_taken_in=st.booleans())
    def begin(self, messages: list[Message], corrected: list[Message], *, is_taken_in: bool) -> None:
        name = uuid4().hex
        s3, self.kinesis = boto3.client("s3"), boto3.client("kinesis")
        make_bucket(s3, name)
        s3.close()
        self.kinesis.create_stream(StreamName=name, ShardCount=SHARDS)
        self.stream, self.records = name, KinesisRecords(name)
        self.settings = CloudSettings(
            data_dir=self.account.folder,
            lake=f"s3://{name}/telemetry",
            s3_endpoint_url=self.account.endpoint,
            readings="lake",
        )
        self.lambdas: dict[int, Handler] = {}
        self.done: Counter[int] = Counter()
        self.publish(messages)
        self.publish(corrected)
        for shard in range(SHARDS if is_taken_in else 0):
            self._hand_over(shard, self._waiting(shard))

    def teardown(self) -> None:
        """At last AWS is well, and everything is taken in."""
        self.account.faults.plan([])
        for shard in range(SHARDS):
            while self._waiting(shard):
                self._hand_over(shard, self._waiting(shard)[:20])
        try:
            assert self._kept() == self._expected()
        finally:
            self.records.close()
            self.kinesis.close()

    @rule(messages=MESSAGES)
    def publish(self, messages: list[Message]) -> None:
        sleep(TICK_S)
        self.account.faults.plan([])
        self.kinesis.put_records(StreamName=self.stream, Records=[_record(*each) for each in messages])
        self.published = defaultdict(list)
        for event in self._events():
            for each in event["Records"]:
                self.published[_shard_of(each["kinesis"]["partitionKey"])].append(each)

    @rule(shard=st.integers(0, SHARDS - 1), size=st.integers(1, 12), plan=PLANS)
    def hand_over(self, shard: int, size: int, plan: Plan) -> None:
        batch = self._waiting(shard)[:size]
        self.account.faults.plan(plan)
        self._hand_over(shard, batch)

    @rule(shard=st.integers(0, SHARDS - 1), start=st.integers(0, 5), size=st.integers(1, 8), plan=PLANS)
    def hand_over_again(self, shard: int, start: int, size: int, plan: Plan) -> None:
        """Done long ago: an answer that was lost, or a batch that comes behind newer ones."""
        again = self.published[shard][: self.done[shard]][start : start + size]
        self.account.faults.plan(plan)
        if again:
            self._call(shard, again)

    @rule(plan=PLANS)
    def replay(self, plan: Plan) -> None:
        """All that the stream holds once more, as `ac-advisor lake replay` has it: all, or an error."""
        self.account.faults.plan(plan)
        handed = 0
        with suppress(UnavailableError):
            for event in self._events():
                if self._call(0, event["Records"]) is None:
                    return
                handed += len(event["Records"])
            assert handed == sum(map(len, self.published.values()))

    @rule(plan=PLANS)
    def read(self, plan: Plan) -> None:
        """Iterators expire: what is read is all, in order, or an error."""
        self.account.faults.plan(plan)
        with suppress(UnavailableError):
            found = [record for event in self._events() for record in event["Records"]]
            assert found == [record for shard in range(SHARDS) for record in self.published[shard]]

    @rule(plan=PLANS)
    def merge(self, plan: Plan) -> None:
        self.account.faults.plan(plan)
        with suppress(UnavailableError, KilledError), closing(open_lake(self.settings)) as lake:
            for day in lake.days():
                lake.compact(day)

    def _events(self) -> Iterator[KinesisEvent]:
        """All that the stream holds, by shard, in order."""
        return self.records.events(NOON, utc_now() + timedelta(minutes=1))

    def _waiting(self, shard: int) -> list[dict[str, Any]]:
        return self.published[shard][self.done[shard] :]

    def _hand_over(self, shard: int, batch: Sequence[dict[str, Any]]) -> None:
        """AWS goes on from the first record that failed; a batch of which nothing is known comes again."""
        failed = self._call(shard, batch) if batch else None
        if failed is not None:
            numbers = [record["kinesis"]["sequenceNumber"] for record in batch]
            self.done[shard] += numbers.index(failed) if failed else len(batch)

    def _call(self, shard: int, batch: Sequence[dict[str, Any]]) -> str | None:
        """The first sequence number that failed, or nothing; None from a Lambda that was killed."""
        if shard not in self.lambdas:
            self.lambdas[shard] = kinesis_handler(self.settings, self.account.state)
        try:
            response = self.lambdas[shard]({"Records": batch}, None)
        except KilledError:
            del self.lambdas[shard]
            return None
        failures = response["batchItemFailures"]
        return failures[0]["itemIdentifier"] if failures else ""

    def _kept(self) -> "Kept":
        with closing(open_lake(self.settings)) as lake:
            return _kept(lake, lake_files(self.settings))

    def _expected(self) -> "Kept":
        return _kept(*_reference(list(self.published.values())))


def _shard_of(key: str) -> int:
    """The shards halve the hash keys (Kinesis API reference, PutRecord: MD5 of the partition key)."""
    return int(md5(key.encode(), usedforsecurity=False).hexdigest(), 16) >> 127


Kept: TypeAlias = tuple[list[dict[str, Any]], dict[str, int], list[str], list[object]]


def _kept(lake: FileLake, files: LakeFiles) -> Kept:
    """Rows, dead letters with how often each came, events, and what an app and the advisor are told."""
    rows = lake.scan().to_pylist()
    for row in rows:
        row.pop("position", None)
    told = LakeReadings(lake, files, lambda: utc_now() + timedelta(hours=1))
    events = [event.event_id for each in DEVICES for event in told.events_of(each, "boot", NOON)]
    letters = {letter.letter_id: letter.times for letter in ObjectLetters(files).letters(1000)}
    followed = sorted({(each.reading.device_id, each.reading.sampled_at) for each in told.read_after(0)})
    return rows, letters, events, [told.latest(DEVICES[0]), *followed]


def _reference(shards: Sequence[Sequence[dict[str, Any]]]) -> tuple[FileLake, LakeFiles]:
    """What each record, once and in order, makes of an empty lake."""
    files = MemoryFiles()
    lake = FileLake(files)
    known = MemoryRegistrations({each: Registration(None, share_presence=False) for each in DEVICES})
    for records in shards:
        if records:
            assert ingest_batch({"Records": records}, known, LakeBatches(lake, files)) == {
                "batchItemFailures": []
            }
    return lake, files


def _record(device_id: str, kind: str, minute: int, indoor_c: float) -> dict[str, Any]:
    """What the rule puts into the stream for a message; some are none that we know."""
    at = (NOON + timedelta(minutes=minute)).isoformat()
    if kind == "junk":
        return {"Data": f"junk {minute}".encode(), "PartitionKey": device_id}
    if kind == "event":
        said: dict[str, object] = {"schema_version": 1, "device_id": device_id, "event_id": f"e{minute}"}
        said |= {"occurred_at": at, "kind": "boot", "detail": {}}
    else:
        said = {"device_id": device_id, "sampled_at": at, "mode": "off", "indoor_dry_bulb_c": indoor_c}
        said |= {"seq": minute if kind == "reading" else -1}
    topic = f"dt/ac/{device_id}/{'event' if kind == 'event' else 'telemetry'}"
    envelope = {"topic": topic, "payload": b64encode(json.dumps(said).encode()).decode()}
    return {"Data": json.dumps(envelope).encode(), "PartitionKey": device_id}


@pytest.mark.parametrize("examples", [6, pytest.param(FOR_THE_RECORD, marks=pytest.mark.slow)])
def test_lake_and_state_are_as_if_nothing_had_failed(
    examples: int,
    s3_endpoint: str,
    tmp_path: Path,
    make_dynamodb_state: Callable[[Callable[[], datetime]], DynamoDbStateStore],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in ("s3_files", "dynamodb_state", "kinesis_records"):
        monkeypatch.setattr(f"cloud.adapters.{module}.CONFIG", Config(retries={"total_max_attempts": 2}))
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    faults, began = Faults(), monotonic()
    with answered(faults.answer, *FAULTS):
        state = make_dynamodb_state(utc_now)
        for each in DEVICES:
            known = DeviceRecord(device_id=each).model_dump(mode="json")
            state.transact([Put(device_pk(each), "device", known)])
        before = [state.get(device_pk(each), "device") for each in DEVICES]

        class OnMoto(Mapping):
            account = Account(s3_endpoint, tmp_path, state, faults)

        run_state_machine_as_test(
            OnMoto,
            settings=settings(
                max_examples=examples,
                stateful_step_count=STEPS,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
        assert [state.get(device_pk(each), "device") for each in DEVICES] == before
    assert faults.seen.total() > examples, faults.seen
    if examples == FOR_THE_RECORD:
        found = dict(sorted(faults.seen.items()))
        figures = {"examples": examples, "seconds": round(monotonic() - began), "faults": found}
        arguments = ("-m", "slow", "tests/integration/cloud/test_kinesis_faults.py")
        record("kinesis_faults", arguments, None, figures, "pytest")
