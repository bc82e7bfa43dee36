"""The Lambda handler over a real Kinesis API: moto's, in a process of its own."""

import json
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from typing_extensions import override

from cloud.adapters.log_batches import LogBatches
from cloud.adapters.memory_telemetry import MemoryRegistrations
from cloud.adapters.object_letters import ObjectLetters
from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.config import CloudSettings
from cloud.errors import UnavailableError
from cloud.kinesis_batch import Response, ingest_batch
from cloud.ports.ingest import Registration
from cloud.ports.records import DeviceRecord, device_pk
from cloud.ports.state import Put
from cloud.ports.telemetry import IngestCommit
from cloud.wiring.kinesis import kinesis_handler
from cloud.wiring.lake import lake_files, open_lake
from tests.aws_faults import KilledError, answered, refusal
from tests.moto_account import make_bucket

boto3 = pytest.importorskip("boto3")
pytest.importorskip("moto")
from botocore.awsrequest import AWSPreparedRequest, AWSResponse  # noqa: E402 (comes with boto3)
from botocore.config import Config  # noqa: E402
from botocore.httpsession import URLLib3Session  # noqa: E402

NOON = datetime(2025, 7, 1, 12, 0, tzinfo=UTC)
STREAM = "telemetry"
DEVICES = [f"dev-{number}" for number in range(8)]
MINUTES = 40
FEWER = 15
"""Minutes of the test on S3, where every request takes its time."""

BATCH = 25
"""Records that the mapping hands over at once."""


@pytest.fixture
def kinesis(s3_endpoint: str) -> Iterator[Any]:
    """A Kinesis with one stream of two shards, in the process that also has S3."""
    client = boto3.client("kinesis", endpoint_url=s3_endpoint)
    client.create_stream(StreamName=STREAM, ShardCount=2)
    try:
        yield client
    finally:
        client.delete_stream(StreamName=STREAM)
        client.close()


class FailingRegistrations(MemoryRegistrations):
    """Every 37th question has no answer: in the middle of a batch."""

    asked = 0

    @override
    def find(self, device_id: str) -> Registration | None:
        self.asked += 1
        if self.asked % 37 == 0:
            raise UnavailableError("state")
        return self.devices.get(device_id)


class FailingLog(SqliteReadingLog):
    """Every third commit finds no room; every fifth is written, and the answer is lost."""

    commits = 0

    @override
    def commit(self, commit: IngestCommit) -> int:
        self.commits += 1
        if self.commits % 3 == 0:
            raise UnavailableError("full")
        position = super().commit(commit)
        if self.commits % 5 == 0:
            raise UnavailableError("timed out")
        return position


@dataclass
class Mapping:
    """An event source mapping: what AWS does between a shard and the handler, by its documentation."""

    kinesis: Any
    arn: str
    tried: Counter[str] = field(default_factory=Counter[str])
    partial: int = 0

    def drain(self, shard_id: str, handle: Callable[[Any], Response]) -> None:
        waiting = self.records(shard_id)
        while waiting:
            batch = waiting[:BATCH]
            self.tried.update(record["kinesis"]["sequenceNumber"] for record in batch)
            response = handle({"Records": batch})
            done = self._done(batch, json.loads(json.dumps(response)))
            self.partial += 0 < done < len(batch)
            waiting = waiting[done:]

    def _done(self, batch: list[dict[str, Any]], response: Response) -> int:
        """How many need not come again: those before the lowest sequence number that failed."""
        failed = [int(failure["itemIdentifier"]) for failure in response["batchItemFailures"]]
        numbers = [int(record["kinesis"]["sequenceNumber"]) for record in batch]
        return numbers.index(min(failed)) if failed else len(batch)

    def records(self, shard_id: str) -> list[dict[str, Any]]:
        iterator = self.kinesis.get_shard_iterator(
            StreamName=STREAM, ShardId=shard_id, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        found: list[dict[str, Any]] = []
        while True:
            answer = self.kinesis.get_records(ShardIterator=iterator, Limit=100)
            found += [self._event_record(shard_id, record) for record in answer["Records"]]
            if not answer["Records"]:
                return found
            iterator = answer["NextShardIterator"]

    def _event_record(self, shard_id: str, record: dict[str, Any]) -> dict[str, Any]:
        return {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": record["PartitionKey"],
                "sequenceNumber": record["SequenceNumber"],
                "data": b64encode(record["Data"]).decode(),
                "approximateArrivalTimestamp": record["ApproximateArrivalTimestamp"].timestamp(),
            },
            "eventSource": "aws:kinesis",
            "eventID": f"{shard_id}:{record['SequenceNumber']}",
            "eventSourceARN": self.arn,
        }


def test_each_record_is_in_the_log_once_in_order_whatever_fails(kinesis: Any, tmp_path: Path) -> None:  # noqa: ANN401
    sent = [_record(device_id, minute) for minute in range(MINUTES) for device_id in DEVICES]
    sent.insert(100, {"Data": b"junk", "PartitionKey": "dev-0"})
    for start in range(0, len(sent), 100):
        kinesis.put_records(StreamName=STREAM, Records=sent[start : start + 100])
    known = FailingRegistrations({each: Registration(None, share_presence=False) for each in DEVICES})
    stream = kinesis.describe_stream(StreamName=STREAM)["StreamDescription"]
    mapping = Mapping(kinesis, stream["StreamARN"])

    with closing(FailingLog(tmp_path / "ingest.sqlite")) as log:
        for shard in stream["Shards"]:
            mapping.drain(shard["ShardId"], lambda event: ingest_batch(event, known, LogBatches(log)))

        readings = [logged.reading for logged in log.read_after(0)]
        assert len(readings) == len(DEVICES) * MINUTES
        for device_id in DEVICES:
            seqs = [reading.seq for reading in readings if reading.device_id == device_id]
            assert seqs == list(range(MINUTES))
            assert log.missing(device_id) == 0
        (letter,) = log.letters()
        assert (letter.principal, letter.element) == ("dev-0", b"junk")
    assert len(stream["Shards"]) == 2
    assert mapping.partial > 2  # a batch was kept in part, or the test has not asked
    assert max(mapping.tried.values()) > 1


def _record(device_id: str, minute: int, **changes: object) -> dict[str, Any]:
    """What the rule of `cloud.kinesis_batch` puts into the stream."""
    at = (NOON + timedelta(minutes=minute)).isoformat()
    reading = {
        "device_id": device_id,
        "sampled_at": at,
        "mode": "off",
        "indoor_dry_bulb_c": 25,
        "seq": minute,
        **changes,
    }
    payload = b64encode(json.dumps(reading).encode()).decode()
    envelope = {"topic": f"dt/ac/{device_id}/telemetry", "payload": payload}
    return {"Data": json.dumps(envelope).encode(), "PartitionKey": device_id}


class FaultyS3:
    """S3 that throttles, fails, and loses answers to what it has done; and Lambdas that are killed there."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 (which request fails, no secret)
        self._wire = URLLib3Session()
        self.seen: Counter[str] = Counter()

    def answer(self, request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
        """Instead of sending, or None to send; botocore's `before-send`."""
        fault = self._random.choices(
            ["none", "SlowDown", "InternalError", "answer lost", "killed before", "killed after"],
            [70, 10, 7, 7, 3, 3],
        )[0]
        self.seen[fault] += 1
        if fault == "none":
            return None
        if fault.endswith(("lost", "after")):
            self._wire.send(request)
        if fault.startswith("killed"):
            raise KilledError
        status = 503 if fault == "SlowDown" else 500
        code = fault.replace("answer lost", "InternalError")
        return refusal(request, status, f"<Error><Code>{code}</Code></Error>".encode())


@dataclass
class RoughMapping(Mapping):
    """A mapping that halves batches after errors, and hands each third over again though it was done."""

    shard_id: str = ""
    random: Random = field(default_factory=lambda: Random(7))  # noqa: S311 (the same)
    killed: int = 0
    handled: int = 0

    def drain_all(self, handle: Callable[[Any], Response]) -> None:
        waiting, size = self.records(self.shard_id), BATCH
        while waiting:
            batch = waiting[:size]
            try:
                done = self._done(batch, handle({"Records": batch}))
            except KilledError:
                self.killed += 1
                size = max(1, size // 2)
                continue
            self.partial += 0 < done < len(batch)
            self.handled += 1
            if self.handled % 3:
                waiting = waiting[done:]
            size = self.random.choice([3, 10, BATCH])


def test_each_record_is_in_the_lake_on_s3_once_whatever_fails(
    kinesis: Any,  # noqa: ANN401
    s3_endpoint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mappings = _rough_mappings(kinesis)
    settings = _settings_on_s3(s3_endpoint, tmp_path)
    faults = FaultyS3(11)
    monkeypatch.setattr("cloud.adapters.s3_files.CONFIG", Config(retries={"total_max_attempts": 2}))
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)

    with (
        closing(SqliteStateStore(settings.data_dir / "state.sqlite")) as state,
        answered(faults.answer, "s3"),
    ):
        _register(state)
        with ThreadPoolExecutor() as pool:  # a Lambda for each shard, and somebody who merges meanwhile
            drained = [pool.submit(mapping.drain_all, _lambda(settings, state)) for mapping in mappings]
            while wait(drained, timeout=0.5).not_done:
                _merge(settings)
            for each in drained:
                each.result()

    lake = open_lake(settings)
    rows = lake.scan().to_pylist()
    assert [(row["device_id"], row["seq"]) for row in rows] == list(product(DEVICES, range(FEWER)))
    assert [row["indoor_dry_bulb_c"] for row in rows[:2]] == [21, 25]
    (letter,) = ObjectLetters(lake_files(settings)).letters()
    assert (letter.principal, letter.element, letter.times) == ("dev-0", b"junk", 1)
    assert min(faults.seen[fault] for fault in ("SlowDown", "InternalError", "answer lost")) > 3, faults.seen
    assert sum(mapping.killed for mapping in mappings) > 0


def _merge(settings: CloudSettings) -> None:
    with suppress(UnavailableError, KilledError):
        lake = open_lake(settings)
        for day in lake.days():
            lake.compact(day)


def _rough_mappings(kinesis: Any) -> list[RoughMapping]:  # noqa: ANN401
    """The stream with its records, and who hands them over."""
    sent = [_record(device_id, minute) for minute in range(FEWER) for device_id in DEVICES]
    sent.insert(50, {"Data": b"junk", "PartitionKey": "dev-0"})
    sent.append(_record("dev-0", 0, indoor_dry_bulb_c=21))  # the same reading, corrected
    kinesis.put_records(StreamName=STREAM, Records=sent)
    stream = kinesis.describe_stream(StreamName=STREAM)["StreamDescription"]
    return [
        RoughMapping(kinesis, stream["StreamARN"], shard_id=shard["ShardId"], random=Random(number))  # noqa: S311
        for number, shard in enumerate(stream["Shards"])
    ]


def _lambda(settings: CloudSettings, state: SqliteStateStore) -> Callable[[Any], Response]:
    handle = kinesis_handler(settings, state)
    return lambda event: handle(event, None)


def _settings_on_s3(s3_endpoint: str, tmp_path: Path) -> CloudSettings:
    client = boto3.client("s3", endpoint_url=s3_endpoint)
    bucket = f"lake-{uuid4()}"
    make_bucket(client, bucket)
    return CloudSettings(data_dir=tmp_path, lake=f"s3://{bucket}/telemetry", s3_endpoint_url=s3_endpoint)


def _register(state: SqliteStateStore) -> None:
    for device_id in DEVICES:
        record = DeviceRecord(device_id=device_id).model_dump(mode="json")
        state.transact([Put(device_pk(device_id), "device", record)])
