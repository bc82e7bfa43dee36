"""The whole loop on AWS, on moto: people pair what was registered, devices speak, models are trained, the
advisor decides, and the API tells; only the rules and the event source mapping are doubles.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest
from click.testing import CliRunner

from cloud.adapters.aws_account import POLICY
from cloud.adapters.dynamodb_state import DynamoDbStateStore
from cloud.adapters.iot_messages import iot_messages
from cloud.adapters.iot_things import iot_things
from cloud.adapters.kinesis_records import KinesisRecords
from cloud.adapters.lake_readings import LakeReadings
from cloud.advisor_worker import Ports
from cloud.config import CloudSettings
from cloud.reading_columns import ReadingColumns
from cloud.wiring.advisor import _serve
from cloud.wiring.claims import claim_handler
from cloud.wiring.kinesis import kinesis_handler
from cloud.wiring.lake import open_lake, utc_now
from cloud.wiring.readings import open_readings
from cloud.wiring.registry import open_registry
from cloud.wiring.shadows import open_shadows
from device_sim.fleet import Fleet, FleetSpec
from edge.contract import Telemetry, topics, write_telemetry
from infra.local.api_client import ApiAnswerError, ApiClient
from infra.local.broker import free_ports
from infra.local.cli import commands
from infra.local.onboarding import move_in, register
from infra.local.sim import simulate
from infra.local.sim_plan import SimPlan
from tests.aws_faults import answered
from tests.moto_account import make_bucket, make_device_policy
from tests.rule_bridge import TEMPLATE, Bridge

FLEET = FleetSpec(10, seed=3, start=datetime(2025, 7, 1, 7, tzinfo=UTC), step_s=900, split="train")
DAYS = 21
IN_A_MESSAGE = 300
"""Readings; 128 KB hold about 500."""

READY_S = 60.0


@dataclass(frozen=True)
class Account:
    """What the stack would have made, by the settings of its tasks and functions."""

    environment: Mapping[str, str]
    stream: str
    state: DynamoDbStateStore

    @property
    def settings(self) -> CloudSettings:
        return CloudSettings()


@pytest.fixture
def account(
    s3_endpoint: str,
    make_dynamodb_state: Callable[[Callable[[], datetime]], DynamoDbStateStore],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Account]:
    name, state = uuid4().hex, make_dynamodb_state(utc_now)
    make_bucket(boto3.client("s3"), name)
    boto3.client("kinesis").create_stream(StreamName=name, ShardCount=1)
    iot = boto3.client("iot")
    make_device_policy(iot)
    environment = {
        "CLOUD_DATA_DIR": str(tmp_path / "task"),
        "CLOUD_STATE": f"dynamodb://{state._table}",
        "CLOUD_READINGS": "lake",
        "CLOUD_LAKE": f"s3://{name}/telemetry",
        "CLOUD_MODELS": f"s3://{name}/models",
        "CLOUD_MODELS_KEY": "k" * 64,
        "CLOUD_SHADOWS": "aws_iot",
        "CLOUD_CLOCK": "telemetry",
        "AWS_ENDPOINT_URL": s3_endpoint,
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nobody",
    }
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    # What AWS names as its endpoint for devices is in the account's own domain.
    monkeypatch.setattr("cloud.adapters.iot_messages.iot_data_client", lambda *_: boto3.client("iot-data"))
    monkeypatch.setattr("cloud.adapters.iot_shadows.iot_data_client", lambda *_: boto3.client("iot-data"))
    yield Account(environment, name, state)
    things = iot_things(POLICY)
    for each in iot.list_things()["things"]:
        things.remove(each["thingName"])
    iot.delete_policy(policyName=POLICY)


@pytest.mark.slow
def test_what_devices_say_becomes_a_recommendation(account: Account, tmp_path: Path) -> None:
    template = json.loads(TEMPLATE.read_text())
    fleet = Fleet(FLEET, DAYS)
    devices = [site.device_id for site in fleet.sites]
    for device_id in devices:
        done = CliRunner().invoke(commands, ["aws", "register", device_id, "--out", str(tmp_path / "keys")])
        assert done.exit_code == 0, done.output
    codes = _claim_codes(account, Bridge.of(template, "ac_claims"), devices)

    with _api(account) as api:
        register(api, "ann@example.org")
        move_in(api, fleet.sites, codes)
        with pytest.raises(ApiAnswerError) as none_yet:
            api.call("GET", f"/v1/devices/{devices[0]}/recommendation")
        assert none_yet.value.status == 503

        sent = _play(tmp_path)
        _publish(account, Bridge.of(template, "ac_telemetry"), sent)
        _run_lambda(account)
        trained = _train(account)
        with _advisor(account):
            advised = _recommendation(api, devices[0])

        assert trained["update"] == "fine_tune"
        assert advised["device_id"] == devices[0]
        assert advised["status"] == "offered"
        newest = max(each.sampled_at for each in sent[devices[0]])
        assert datetime.fromisoformat(advised["valid_until"]) > newest


def _claim_codes(account: Account, rule: Bridge, devices: list[str]) -> dict[str, str]:
    """What each device is told to show: it asks, the rule calls the function, the function publishes."""
    told: dict[str, str] = {}

    def hear(request: AWSPreparedRequest, **_: object) -> None:
        asker_id = request.url.partition("/topics/")[2].partition("?")[0]
        told[asker_id] = json.loads(request.body)["code"]

    with answered(hear, "iot-data-plane"):
        show = claim_handler(account.state, iot_messages())
        for device_id in devices:
            event = rule.data(topics.claim(device_id), b'{"kind": "device"}')
            assert event is not None
            show(event, None)
    return {device_id: code for device_id in devices for asked, code in told.items() if device_id in asked}


@contextmanager
def _api(account: Account) -> Iterator[ApiClient]:
    """The API's task."""
    (port,) = free_ports(1)
    data_dir = Path(account.environment["CLOUD_DATA_DIR"])
    settings = {"API_DATA_DIR": str(data_dir), "API_PORT": str(port), "API_CLOCK": "telemetry"}
    with subprocess.Popen(
        [sys.executable, "-m", "mobile_api"], env={**account.environment, **settings}
    ) as process:
        try:
            deadline = time.monotonic() + READY_S
            while not (data_dir / "run" / "api.ready").exists():
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield ApiClient(port)
        finally:
            process.terminate()


def _play(folder: Path) -> dict[str, list[Telemetry]]:
    """What the fleet's devices say."""
    plan = SimPlan(folder / "homes", FLEET, DAYS)
    simulate(plan, lambda _done, _total: None)
    with closing(open_lake(CloudSettings(data_dir=plan.out, lake=""))) as lake:
        table = lake.scan().combine_chunks()
    said: dict[str, list[Telemetry]] = {}
    for batch in table.to_batches():
        for reading in ReadingColumns(batch):
            said.setdefault(reading.device_id, []).append(reading)
    return said


def _publish(account: Account, rule: Bridge, sent: Mapping[str, list[Telemetry]]) -> None:
    kinesis = boto3.client("kinesis")
    for device_id, readings in sent.items():
        for start in range(0, len(readings), IN_A_MESSAGE):
            payload = write_telemetry(readings[start : start + IN_A_MESSAGE])
            record = rule.record(topics.telemetry(device_id), payload)
            assert record is not None
            kinesis.put_record(StreamName=account.stream, **record)


def _run_lambda(account: Account) -> None:
    """The event source mapping, for all that is in the stream."""
    handle = kinesis_handler(account.settings, account.state)
    with closing(KinesisRecords(account.stream)) as records:
        for event in records.events(datetime(2025, 1, 1, tzinfo=UTC), datetime.now(UTC)):
            assert handle(event, None) == {"batchItemFailures": []}


def _train(account: Account) -> dict[str, Any]:
    """The scheduled task."""
    command = [sys.executable, "-m", "infra.local", "train", "--due", "--json"]
    command += ["--data-dir", account.environment["CLOUD_DATA_DIR"]]
    done = subprocess.run(command, env=dict(account.environment), capture_output=True, check=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@contextmanager
def _advisor(account: Account) -> Iterator[None]:
    """The advisor's task; it follows what came without waiting for late functions."""
    settings, stop = account.settings, threading.Event()
    readings = open_readings(settings)
    assert isinstance(readings, LakeReadings)
    with closing(readings), open_shadows(settings) as shadows:
        ports = Ports(replace(readings, settle_s=0.0), account.state, shadows, None)
        thread = threading.Thread(target=_serve, args=(ports, open_registry(settings), settings, stop))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


def _recommendation(api: ApiClient, device_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        with suppress(ApiAnswerError):  # not ready
            found: dict[str, Any] = api.call("GET", f"/v1/devices/{device_id}/recommendation")
            return found
        time.sleep(0.5)
    pytest.fail("nothing was advised")
