"""The Lambda handler over a real Kinesis API: moto's, in a process of its own."""

import json
import re
import subprocess
import sys
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from cloud.adapters.memory_telemetry import MemoryRegistrations
from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.errors import UnavailableError
from cloud.kinesis_batch import Response, ingest_batch
from cloud.ports.ingest import Registration
from cloud.ports.telemetry import IngestCommit
from infra.local.broker import free_ports

boto3 = pytest.importorskip("boto3")
pytest.importorskip("moto")

NOON = datetime(2025, 7, 1, 12, 0, tzinfo=UTC)
STREAM = "telemetry"
DEVICES = [f"dev-{number}" for number in range(8)]
MINUTES = 40
BATCH = 25
"""Records that the mapping hands over at once."""


@pytest.fixture
def kinesis() -> Iterator[Any]:
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    client = boto3.client(
        "kinesis",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="eu-central-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    try:
        _wait_for(client)
        client.create_stream(StreamName=STREAM, ShardCount=2)
        yield client
    finally:
        client.close()
        server.terminate()
        server.wait(timeout=20)


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

    def drain(self, shard_id: str, registrations: MemoryRegistrations, log: SqliteReadingLog) -> None:
        waiting = self._records(shard_id)
        while waiting:
            batch = waiting[:BATCH]
            self.tried.update(record["kinesis"]["sequenceNumber"] for record in batch)
            response = ingest_batch({"Records": batch}, registrations, log)
            done = self._done(batch, json.loads(json.dumps(response)))
            self.partial += 0 < done < len(batch)
            waiting = waiting[done:]

    def _done(self, batch: list[dict[str, Any]], response: Response) -> int:
        """How many need not come again: those before the lowest sequence number that failed."""
        failed = [int(failure["itemIdentifier"]) for failure in response["batchItemFailures"]]
        numbers = [int(record["kinesis"]["sequenceNumber"]) for record in batch]
        return numbers.index(min(failed)) if failed else len(batch)

    def _records(self, shard_id: str) -> list[dict[str, Any]]:
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
            mapping.drain(shard["ShardId"], known, log)

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


def _record(device_id: str, minute: int) -> dict[str, Any]:
    """What the rule of `cloud.kinesis_batch` puts into the stream."""
    at = (NOON + timedelta(minutes=minute)).isoformat()
    reading = {
        "device_id": device_id,
        "sampled_at": at,
        "mode": "off",
        "indoor_dry_bulb_c": 25,
        "seq": minute,
    }
    payload = b64encode(json.dumps(reading).encode()).decode()
    envelope = {"topic": f"dt/ac/{device_id}/telemetry", "payload": payload}
    return {"Data": json.dumps(envelope).encode(), "PartitionKey": device_id}


def _wait_for(client: Any) -> None:  # noqa: ANN401
    deadline = time.monotonic() + 30
    while True:
        try:
            client.list_streams()
        except Exception as error:  # botocore's class is made at run time
            if time.monotonic() > deadline or not re.search(r"connect", str(error), re.IGNORECASE):
                raise
            time.sleep(0.1)
        else:
            return
