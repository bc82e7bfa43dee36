"""What people delete leaves S3, DynamoDB, shadows and the registry of things, on moto; nothing else does."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cloud import admission
from cloud.adapters.aws_account import POLICY
from cloud.adapters.dynamodb_state import DynamoDbStateStore
from cloud.adapters.iot_shadows import IotShadows
from cloud.adapters.iot_things import IotThings, iot_things
from cloud.config import CloudSettings
from cloud.deletion import open_requests, settle
from cloud.ingest import DELETED
from cloud.ports.deletion import SCRUB_PK, Doer, deletion_writes, is_being_deleted
from cloud.ports.records import DeviceRecord, device_pk
from cloud.ports.state import Delete
from cloud.ports.telemetry import LetterQuery
from cloud.wiring.deletion import SETTLING, forget_deleted
from cloud.wiring.kinesis import kinesis_handler
from cloud.wiring.lake import open_lake, utc_now
from cloud.wiring.readings import open_letters
from edge.contract import topics
from infra.local.letters import explain_letter, list_letters, replay_letters
from infra.local.model_reports import in_use
from infra.local.stack_health import examine_stack
from infra.local.training_desk import standing
from infra.local.trial_report import trial_of
from tests.moto_account import make_bucket, make_device_policy

GONE, STAYS = "goes-away", "stays-here"
NOON = datetime(2025, 7, 1, 12, 0, tzinfo=UTC)


@dataclass
class Account:
    """Two devices that have spoken."""

    settings: CloudSettings
    state: DynamoDbStateStore
    shadows: IotShadows
    things: IotThings
    said: dict[str, Any]

    def delete(self, device_id: str, at: datetime) -> None:
        """What the API writes."""
        self.state.transact([Delete(device_pk(device_id), "device"), *deletion_writes(device_id, at)])

    def forget(self) -> dict[Doer, int]:
        return forget_deleted(self.settings, self.shadows, self.things)

    def speak_again(self) -> None:
        """The function is called with the same batch once more."""
        assert kinesis_handler(self.settings, self.state)(self.said, None) == {"batchItemFailures": []}

    def traces(self, word: str) -> list[str]:
        """The objects in the bucket that say `word`."""
        s3, bucket = boto3.client("s3"), self.settings.lake.split("/")[2]
        keys = [each["Key"] for each in s3.list_objects_v2(Bucket=bucket).get("Contents", ())]
        return [key for key in keys if _says(s3.get_object(Bucket=bucket, Key=key)["Body"].read(), word)]

    def names(self) -> set[str]:
        return {each["thingName"] for each in boto3.client("iot").list_things()["things"]}


def _says(data: bytes, word: str) -> bool:
    if data[:4] == b"PAR1":
        table = pq.read_table(pa.BufferReader(data))
        return "device_id" in table.column_names and word in table["device_id"].to_pylist()
    return word.encode() in data or b64encode(word.encode())[:-2] in data


@pytest.fixture
def account(
    s3_endpoint: str,
    make_dynamodb_state: Callable[[Callable[[], datetime]], DynamoDbStateStore],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Account]:
    bucket, state, iot = uuid4().hex, make_dynamodb_state(utc_now), boto3.client("iot")
    make_bucket(boto3.client("s3"), bucket)
    make_device_policy(iot)
    told = {"READINGS": "lake", "LAKE": f"s3://{bucket}/telemetry", "STATE": f"dynamodb://{state._table}"}
    for name, value in told.items():
        monkeypatch.setenv(f"CLOUD_{name}", value)
    shadows, things = IotShadows(boto3.client("iot-data")), iot_things(POLICY)
    batch = {"Records": [record for each in (GONE, STAYS) for record in _records(each)]}
    made = Account(CloudSettings(data_dir=tmp_path), state, shadows, things, batch)
    for device_id in (GONE, STAYS):
        admission.admit(state, DeviceRecord(device_id=device_id))
        things.register(device_id)
        shadows.client.update_thing_shadow(
            thingName=device_id, payload=json.dumps({"state": {"reported": {"setpoint_c": 24.0}}})
        )
    made.speak_again()
    yield made
    for device_id in (GONE, STAYS):
        things.remove(device_id)
    iot.delete_policy(policyName=POLICY)


def test_nothing_of_a_deleted_device_is_left_and_all_of_the_other(account: Account) -> None:
    assert len(account.traces(GONE)) >= 3  # readings, an event, a dead letter
    account.delete(GONE, utc_now() - SETTLING - timedelta(seconds=1))

    left = account.forget()

    assert left == {"ingest": 0, "advisor": 1, "shadow": 0, "access": 0}  # the advisor's own task
    assert account.traces(GONE) == []
    rows = open_lake(account.settings).scan().to_pylist()
    assert [(row["device_id"], row["seq"]) for row in rows] == [(STAYS, 0), (STAYS, 1)]
    assert len(account.traces(STAYS)) >= 3
    assert account.names() & {GONE, STAYS} == {STAYS}
    data = account.shadows.client
    with pytest.raises(data.exceptions.ResourceNotFoundException):
        data.get_thing_shadow(thingName=GONE)
    assert data.get_thing_shadow(thingName=STAYS)["payload"].read()

    for item, _ in list(open_requests(account.state, "advisor")):
        settle(account.state, item)
    account.forget()
    assert account.state.query(SCRUB_PK) == []
    assert account.forget() == {"ingest": 0, "advisor": 0, "shadow": 0, "access": 0}


def test_when_it_comes_once_more_only_that_it_speaks_is_kept(account: Account) -> None:
    account.delete(GONE, utc_now() - SETTLING)
    account.forget()

    account.speak_again()
    assert all("/_dead_letters/" in key for key in account.traces(GONE))
    letters = open_letters(account.settings).select(LetterQuery(principal=GONE), 10)
    assert {(letter.element, letter.reason) for letter in letters} == {(b"", DELETED)}

    admission.admit(account.state, DeviceRecord(device_id=GONE))  # somebody else has it now
    account.speak_again()
    assert [row["device_id"] for row in open_lake(account.settings).scan().to_pylist()] == [STAYS, STAYS]


def test_a_function_that_still_runs_is_waited_for(account: Account) -> None:
    account.delete(GONE, utc_now())

    left = account.forget()

    assert (left["ingest"], left["shadow"], left["access"]) == (1, 0, 0)
    assert account.traces(GONE) != []
    assert is_being_deleted(account.state, GONE)


def test_who_is_let_in_anew_before_the_round_keeps_the_new_certificate(account: Account) -> None:
    account.delete(GONE, utc_now() - SETTLING)
    admission.admit(account.state, DeviceRecord(device_id=GONE))
    account.things.register(GONE)

    account.forget()

    assert GONE in account.names()
    assert boto3.client("iot").list_thing_principals(thingName=GONE)["principals"]


def test_commands_look_into_the_stores_that_the_settings_name(account: Account, tmp_path: Path) -> None:
    account.delete(GONE, utc_now() - timedelta(hours=1))

    found = {each.check: each.problem for each in examine_stack(tmp_path)}
    letters = list_letters(tmp_path, LetterQuery(), 10)
    explained = explain_letter(tmp_path, letters["letters"][0]["letter_id"])

    assert "the job Forget" in (found["deletions on their way"] or "")
    assert "2 open" in (found["dead letters"] or "")
    assert found["files of the lake"] is None
    assert letters["matching"] == 2
    assert "still refused" in explained["now"]
    assert replay_letters(tmp_path, (), LetterQuery(), iter)["still_refused"] == 2
    assert in_use(tmp_path) == {}
    assert trial_of(tmp_path, "none") is None
    assert standing(tmp_path)["journal"] == []
    assert [path.name for path in tmp_path.iterdir()] == []  # nothing was made here


def _records(device_id: str) -> Iterator[dict[str, Any]]:
    """Two readings, an event, and one that is none."""
    for minute in range(2):
        at = (NOON + timedelta(minutes=minute)).isoformat()
        yield _record(topics.telemetry(device_id), {
            "device_id": device_id, "sampled_at": at, "mode": "off", "indoor_dry_bulb_c": 25, "seq": minute,
        })  # fmt: skip
    yield _record(topics.telemetry(device_id), {"device_id": device_id, "mode": "?"})
    yield _record(topics.event(device_id), {
        "device_id": device_id, "event_id": "e1", "occurred_at": NOON.isoformat(), "kind": "boot",
        "detail": {},
    })  # fmt: skip


def _record(topic: str, said: dict[str, object]) -> dict[str, Any]:
    data = {"topic": topic, "payload": b64encode(json.dumps(said).encode()).decode()}
    return {
        "kinesis": {
            "partitionKey": topic.split("/")[2],
            "sequenceNumber": uuid4().hex,
            "data": b64encode(json.dumps(data).encode()).decode(),
            "approximateArrivalTimestamp": (utc_now() - timedelta(minutes=5)).timestamp(),
        },
        "eventSource": "aws:kinesis",
        "eventSourceARN": "arn:aws:kinesis:eu-west-1:123456789012:stream/telemetry",
    }
