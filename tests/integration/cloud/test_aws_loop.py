"""The way on AWS, on moto: a message, the deployed rule, Kinesis, the function, the lake, what apps are told.

moto runs no rules. `Bridge` does what the committed template's rule says, and refuses what it does not know.
"""

import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import boto3
import pytest

from cloud.adapters.dynamodb_state import DynamoDbStateStore
from cloud.adapters.emf_metrics import NAMESPACE, EmfMetrics
from cloud.adapters.kinesis_records import as_lambda_has_it
from cloud.adapters.lake_readings import LakeReadings
from cloud.config import CloudSettings
from cloud.ports.records import DeviceRecord, device_pk
from cloud.ports.state import Put
from cloud.wiring.kinesis import Handler, kinesis_handler
from cloud.wiring.lake import lake_files, open_lake, utc_now
from edge.contract import topics

TEMPLATE = Path(__file__).parents[3] / "infra" / "cloudformation" / "AcAdvisor.json"
NOON = datetime(2025, 7, 1, 12, 0, tzinfo=UTC)
_SQL = re.compile(
    r"SELECT topic\(\) AS topic, encode\(\*, 'base64'\) AS payload FROM '([^']+)'"
    r"(?: WHERE topic\((\d)\) <> '(\w+)')?"
)
_KEY = re.compile(r"\$\{topic\((\d)\)\}")


class UnknownRuleError(Exception):
    """The rule says what this double does not know."""


@dataclass(frozen=True)
class Bridge:
    """An IoT rule with a Kinesis action, and an SQS one for errors, as the template has it."""

    topic_filter: str
    excluded: tuple[int, str] | None
    key_level: int

    @classmethod
    def of(cls, template: dict[str, Any], name: str) -> Self:
        rules = [each["Properties"] for each in template["Resources"].values()
                 if each["Type"] == "AWS::IoT::TopicRule"]  # fmt: skip
        (payload,) = [rule["TopicRulePayload"] for rule in rules if rule["RuleName"] == name]
        sql, key = (
            _SQL.fullmatch(payload["Sql"]),
            payload["Actions"][0].get("Kinesis", {}).get("PartitionKey"),
        )
        level = _KEY.fullmatch(key or "")
        if sql is None or level is None or len(payload["Actions"]) != 1:
            raise UnknownRuleError(payload["Sql"])
        excluded = (int(sql[2]), sql[3]) if sql[2] else None
        return cls(sql[1], excluded, int(level[1]))

    def record(self, topic: str, payload: bytes) -> dict[str, Any] | None:
        """What goes into the stream; None for a message that the rule does not take."""
        levels, wanted = topic.split("/"), self.topic_filter.split("/")
        if len(levels) != len(wanted) or any(
            w not in ("+", got) for got, w in zip(levels, wanted, strict=True)
        ):
            return None
        if self.excluded is not None and levels[self.excluded[0] - 1] == self.excluded[1]:
            return None
        data = {"topic": topic, "payload": b64encode(payload).decode()}
        return {"Data": json.dumps(data).encode(), "PartitionKey": levels[self.key_level - 1]}


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

    def emitted(self) -> set[tuple[str, str]]:
        """The metrics that were told: source and name."""
        lines = [json.loads(line) for line in self.metrics.getvalue().splitlines()]
        return {
            (line["Source"], metric["Name"])
            for line in lines
            for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
        }


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
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    kinesis.create_stream(StreamName=stream, ShardCount=1)
    settings = CloudSettings(
        data_dir=tmp_path, lake=f"s3://{bucket}/telemetry", s3_endpoint_url=s3_endpoint, readings="lake"
    )
    state, told = make_dynamodb_state(utc_now), StringIO()
    handle = kinesis_handler(settings, state, EmfMetrics(told, utc_now))
    yield Cloud(Bridge.of(template, "ac_telemetry"), settings, state, kinesis, stream, told, handle)
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

    alarms = [each["Properties"] for each in template["Resources"].values()
              if each["Type"] == "AWS::CloudWatch::Alarm"]  # fmt: skip
    asked = {
        (each["Dimensions"][0]["Value"], each["MetricName"])
        for each in alarms
        if each.get("Namespace") == NAMESPACE and each["Dimensions"][0]["Value"] != "monitor"
    }
    assert asked
    assert asked <= cloud.emitted()


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
