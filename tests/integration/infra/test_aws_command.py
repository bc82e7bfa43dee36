"""`ac-advisor aws` against moto: an account with nothing, and one as it should be but for mail."""

import json
import stat
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest
from click.testing import CliRunner

from cloud.adapters.aws_account import POLICY, RULES
from cloud.adapters.dynamodb_state import DynamoDbStateStore
from cloud.adapters.iot_messages import IotMessages
from cloud.adapters.iot_things import iot_things
from cloud.claims import ClaimDesk
from cloud.wiring.claims import claim_handler
from cloud.wiring.lake import utc_now
from edge.contract import ClaimRequest, SiteDevices, topics
from infra.local.cli import commands
from tests.aws_faults import answered
from tests.moto_account import make_bucket, make_device_policy
from tests.rule_bridge import TEMPLATE, Bridge

STATE_PROBLEM = "point-in-time recovery is DISABLED"


@pytest.fixture
def name(s3_endpoint: str) -> Iterator[str]:
    """A stack that has made what doctor looks at; its table has no recovery yet."""
    name = f"ac-{uuid4()}"
    outputs = {each: {"Value": name} for each in ("Lake", "State", "Stream")}
    topic = {"T": {"Type": "AWS::SNS::Topic"}}
    client = boto3.client
    client("cloudformation").create_stack(
        StackName=name, TemplateBody=json.dumps({"Resources": topic, "Outputs": outputs})
    )
    s3 = client("s3")
    make_bucket(s3, name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    client("kinesis").create_stream(StreamName=name, ShardCount=1)
    client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    iot = client("iot")
    make_device_policy(iot)
    for rule in RULES:
        iot.create_topic_rule(ruleName=rule, topicRulePayload={"sql": "SELECT *", "actions": []})
    yield name
    iot.delete_policy(policyName=POLICY)
    for rule in RULES:
        iot.delete_topic_rule(ruleName=rule)


def run(*words: str) -> tuple[int, Any]:
    done = CliRunner().invoke(commands, ["aws", *words, "--json"])
    return done.exit_code, json.loads(done.stdout)


def test_doctor_says_what_is_not_deployed(s3_endpoint: str) -> None:
    code, found = run("doctor", "--stack", "nothing-here")

    assert code == 1
    assert "deploy nothing-here" in found["stack"]
    assert not found["credentials"].startswith("PROBLEM")


def test_doctor_sees_a_table_without_recovery_and_a_rule_that_is_disabled(name: str) -> None:
    boto3.client("iot").disable_topic_rule(ruleName=RULES[0])

    code, found = run("doctor", "--stack", name)

    problems = {what for what, said in found.items() if said.startswith("PROBLEM")}
    assert code == 1
    assert problems - {"mail"} == {"state", f"rule {RULES[0]}"}  # moto knows no account of SES
    assert STATE_PROBLEM in found["state"]


def test_doctor_is_content_with_what_is_as_it_should_be(name: str) -> None:
    boto3.client("dynamodb").update_continuous_backups(
        TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )

    _, found = run("doctor", "--stack", name)

    assert {what for what, said in found.items() if said.startswith("PROBLEM")} <= {"mail"}


def test_who_is_registered_has_a_key_that_only_its_owner_can_read(name: str, tmp_path: Path) -> None:
    code, found = run("register", "gw-7", "--gateway", "--out", str(tmp_path))
    assert code == 0
    assert stat.S_IMODE(Path(found["key"]).stat().st_mode) == 0o600
    assert "CERTIFICATE" in Path(found["certificate"]).read_text()

    assert run("remove", "gw-7")[0] == 0
    assert "gw-7" not in [each["thingName"] for each in boto3.client("iot").list_things()["things"]]


def test_a_device_that_is_registered_can_be_paired(
    name: str,
    make_dynamodb_state: Callable[[Callable[[], datetime]], DynamoDbStateStore],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    state = make_dynamodb_state(utc_now)
    monkeypatch.setenv("CLOUD_STATE", f"dynamodb://{state._table}")

    assert run("register", "ac-7", "--out", str(tmp_path))[0] == 0

    code = ClaimDesk(state, utc_now).answer("ac-7", "device")
    assert code is not None
    assert code.code
    assert run("remove", "ac-7")[0] == 0


def test_a_gateway_that_asks_is_told_of_its_devices_and_may_speak_for_them(
    name: str,
    make_dynamodb_state: Callable[[Callable[[], datetime]], DynamoDbStateStore],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By the function that the rule `ac_claims` of the template calls."""
    state, iot = make_dynamodb_state(utc_now), boto3.client("iot")
    monkeypatch.setenv("CLOUD_STATE", f"dynamodb://{state._table}")
    heard: list[tuple[str, SiteDevices]] = []

    def hear(request: AWSPreparedRequest, **_: object) -> None:
        topic = unquote(request.url.partition("/topics/")[2].partition("?")[0])
        heard.append((topic, SiteDevices.model_validate_json(request.body)))

    rule = Bridge.of(json.loads(TEMPLATE.read_text()), "ac_claims")
    event = rule.data(
        topics.claim("gw-7"), ClaimRequest(kind="gateway", asks_devices=True).model_dump_json().encode()
    )
    with answered(hear, "iot-data-plane"):
        show = claim_handler(state, IotMessages(boto3.client("iot-data")), iot_things(POLICY).let_speak)
        assert run("register", "gw-7", "--gateway", "--out", str(tmp_path))[0] == 0
        for behind in (("ac-1",), ("ac-2",), ()):
            assert not behind or run("behind", "gw-7", *behind)[0] == 0
            show(event or {}, None)

    assert {topic for topic, _ in heard} == {"dt/ac/gw-7/claim/devices"}
    assert [[each.device_id for each in told.devices] for _, told in heard] == [
        ["ac-1"], ["ac-1", "ac-2"], ["ac-1", "ac-2"],
    ]  # fmt: skip
    document = iot.get_policy(policyName="gateway-gw-7-0")["policyDocument"]
    assert "dt/ac/ac-1/event" in document
    assert "dt/ac/ac-2/event" in document
    versions = iot.list_policy_versions(policyName="gateway-gw-7-0")["policyVersions"]
    assert len(versions) == 2  # none for the third asking, which changed nothing
    assert run("remove", "gw-7")[0] == 0


def test_where_the_state_is_not_named_nobody_is_let_in(name: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(commands, ["aws", "register", "ac-8", "--out", str(tmp_path)])

    assert done.exit_code == 2
    assert "CLOUD_STATE" in done.stderr
    assert list(tmp_path.iterdir()) == []
