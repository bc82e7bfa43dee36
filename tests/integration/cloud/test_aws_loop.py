"""The way on AWS, on moto: a message, the deployed rule, Kinesis, the function, the lake, what apps are told.

moto runs no rules: `tests/rule_bridge.py` does what the committed template's rule says.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest

from cloud.adapters.dynamodb_state import DynamoDbStateStore
from cloud.adapters.emf_metrics import EmfMetrics
from cloud.adapters.kinesis_records import as_lambda_has_it
from cloud.adapters.lake_readings import LakeReadings
from cloud.config import CloudSettings
from cloud.ports.records import DeviceRecord, device_pk
from cloud.ports.state import Put
from cloud.wiring.kinesis import Handler, kinesis_handler
from cloud.wiring.lake import lake_files, open_lake, utc_now
from edge.contract import topics
from tests.moto_account import make_bucket
from tests.own_metrics import asked_by_alarms, emitted, of_source
from tests.rule_bridge import TEMPLATE, Bridge, UnknownRuleError

NOON = datetime(2025, 7, 1, 12, 0, tzinfo=UTC)


@dataclass
class Cloud:
    """The account: what a device can do, and what comes of it."""

    bridge: Bridge
    settings: CloudSettings
    state: DynamoDbStateStore
    kinesis: Any
    stream: str
    metrics: StringIO
    handle: Handler

    def publish(self, topic: str, payload: object) -> None:
        record = self.bridge.record(topic, json.dumps(payload).encode())
        if record is not None:
            self.kinesis.put_record(StreamName=self.stream, **record)

    def run_lambda(self) -> None:
        """The event source mapping, for what is in the stream."""
        shard = self.kinesis.list_shards(StreamName=self.stream)["Shards"][0]["ShardId"]
        start = {"StreamName": self.stream, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
        iterator = self.kinesis.get_shard_iterator(**start)["ShardIterator"]
        records = self.kinesis.get_records(ShardIterator=iterator)["Records"]
        arn = f"arn:aws:kinesis:eu-west-1:123456789012:stream/{self.stream}"
        taken = [{"eventSource": "aws:kinesis", **as_lambda_has_it(each, arn)} for each in records]
        event = {"Records": taken}
        assert self.handle(event, None) == {"batchItemFailures": []}


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(TEMPLATE.read_text())
    return loaded


@pytest.fixture
def cloud(
    s3_endpoint: str,
    tmp_path: Path,
    template: dict[str, Any],
    make_dynamodb_state: Callable[[Callable[[], datetime]], DynamoDbStateStore],
) -> Iterator[Cloud]:
    bucket, stream = f"lake-{uuid4()}", f"telemetry-{uuid4()}"
    s3, kinesis = boto3.client("s3"), boto3.client("kinesis")
    make_bucket(s3, bucket)
    kinesis.create_stream(StreamName=stream, ShardCount=1)
    settings = CloudSettings(
        data_dir=tmp_path, lake=f"s3://{bucket}/telemetry", s3_endpoint_url=s3_endpoint, readings="lake"
    )
    state, metrics = make_dynamodb_state(utc_now), StringIO()
    handle = kinesis_handler(settings, state, EmfMetrics(metrics, utc_now))
    yield Cloud(Bridge.of(template, "ac_telemetry"), settings, state, kinesis, stream, metrics, handle)
    s3.close()
    kinesis.close()


def reading(device_id: str, minute: int, **changes: object) -> dict[str, object]:
    at = (NOON + timedelta(minutes=minute)).isoformat()
    good = {"device_id": device_id, "sampled_at": at, "mode": "off", "indoor_dry_bulb_c": 25, "seq": minute}
    return good | changes


def test_what_a_device_says_is_what_an_app_is_told(cloud: Cloud) -> None:
    for device_id in ("dev-1", "dev-2"):
        record = DeviceRecord(device_id=device_id).model_dump(mode="json")
        cloud.state.transact([Put(device_pk(device_id), "device", record)])
    cloud.publish(topics.telemetry("dev-1"), [reading("dev-1", 0), reading("dev-1", 1)])
    cloud.publish(topics.telemetry("dev-2"), reading("dev-2", 0))
    cloud.publish(topics.telemetry("dev-2"), reading("dev-1", 9))  # of somebody else
    cloud.publish(topics.claim("dev-1"), {"kind": "device"})  # the other rule's
    cloud.publish(topics.event("dev-1"), {
        "schema_version": 1, "device_id": "dev-1", "event_id": "e1", "occurred_at": NOON.isoformat(),
        "kind": "boot", "detail": {},
    })  # fmt: skip

    cloud.run_lambda()
    cloud.run_lambda()  # the answer was lost: everything comes again

    later = utc_now() + timedelta(hours=1)
    told = LakeReadings(open_lake(cloud.settings), lake_files(cloud.settings), lambda: later)
    latest = told.latest("dev-1")
    assert latest is not None
    assert latest.seq == 1
    seqs = [(each.device_id, each.seq) for each in told.between("dev-1", NOON, NOON + timedelta(hours=1))]
    assert seqs == [("dev-1", 0), ("dev-1", 1)]
    assert {(each.reading.device_id, each.reading.seq) for each in told.read_after(0)} == {
        ("dev-1", 0), ("dev-1", 1), ("dev-2", 0),
    }  # fmt: skip
    assert [each.event_id for each in told.events_of("dev-1", "boot", NOON)] == ["e1"]


def test_alarms_are_about_metrics_that_were_told(cloud: Cloud, template: dict[str, Any]) -> None:
    cloud.publish(topics.telemetry("dev-1"), reading("dev-1", 0))
    cloud.run_lambda()

    asked = of_source(asked_by_alarms(template), "kinesis")
    assert asked
    assert asked <= emitted(cloud.metrics.getvalue())


@pytest.mark.parametrize("sql", [
    "SELECT * FROM 'dt/ac/+/+'",
    "SELECT topic() AS topic, encode(*, 'base64') AS payload FROM 'dt/ac/+/+' WHERE topic(4) = 'telemetry'",
])  # fmt: skip
def test_the_double_refuses_a_rule_that_it_does_not_know(template: dict[str, Any], sql: str) -> None:
    changed = json.loads(json.dumps(template))
    for each in changed["Resources"].values():
        if each["Type"] == "AWS::IoT::TopicRule":
            each["Properties"]["TopicRulePayload"]["Sql"] = sql

    with pytest.raises(UnknownRuleError):
        Bridge.of(changed, "ac_telemetry")
