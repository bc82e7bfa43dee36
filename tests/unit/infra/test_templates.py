"""The templates that are deployed, held against the program that runs there and against what it needs."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloud.adapters.aws_account import POLICY
from cloud.adapters.lake_table import FILE_SCHEMA
from cloud.config import CloudSettings
from cloud.iot_policies import own_statements
from cloud.kinesis_batch import fault_of
from cloud.quotas import POLICY_BYTES
from infra.cdk.sums import SUMS, sums
from mobile_api.config import ApiSettings
from tests.own_metrics import asked_by_alarms

FOLDER = Path(__file__).parents[3] / "infra" / "cloudformation"
Template = dict[str, Any]
KEPT = {"S3::Bucket", "DynamoDB::Table", "KMS::Key", "Cognito::UserPool"}

SAME_AS_ON_ONE_MACHINE = {
    "CLOUD": {
        # a broker of our own, its log and its sealing: AWS IoT Core, Kinesis and Lambda stand there
        *("mqtt_host", "mqtt_port", "mqtt_username", "mqtt_password", "ingest_topics", "seal_rows"),
        *("seal_interval_s", "log_batches_bytes", "broker_dir", "disk_budget_broker_bytes"),
        # how it advises, and what is kept: whoever runs it decides, as on one machine
        *("clock", "decision_interval_s", "measuring_pairs", "canary_share_ratio", "retention_days"),
        *("disk_budget_lake_bytes", "s3_endpoint_url", "metrics", "training_cluster"),
    },
    "API": {
        *("clock", "threads", "rate_per_minute", "anonymous_rate_per_minute", "cors_origins", "max_streams"),
        *("stream_lifetime_s", "push_contact", "push_private_ok", "redirect_uris", "log_format", "key_days"),
        "otlp_endpoint",  # no collector is declared; whoever runs one names it
        *("oidc_jwks_url", "alexa_skill_id", "alexa_client_id", "alexa_client_secret", "alexa_token_url"),
        *("log_level", "alexa_events_url", "google_key_file", "google_graph_url"),
    },
}
"""Settings whose defaults are right on AWS, too; a new setting is set in the templates or named here."""

UNNAMEABLE = {
    "iot:DescribeEndpoint",  # IAM knows no resource for it (Service Authorization Reference, as all of these)
    "ecr:GetAuthorizationToken",
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "kinesis:ListStreams",
    "ecs:RunTask",  # on the definition's own ARN; of CDK's rule with any revision
}
"""Actions that may have `*` for a resource."""


@pytest.fixture(scope="module")
def template() -> Template:
    loaded: Template = json.loads((FOLDER / "AcAdvisor.json").read_text())
    return loaded


def of_type(template: Template, kind: str) -> dict[str, Any]:
    return {name: each["Properties"] for name, each in template["Resources"].items() if each["Type"] == kind}


def walk(node: object) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from walk(value)


def text(node: object) -> str:
    """A value with references as `<Name>`."""
    if isinstance(node, dict):
        if "Fn::Join" in node:
            return "".join(text(part) for part in node["Fn::Join"][1])
        if "Ref" in node:
            return f"<{node['Ref']}>"
        if "Fn::GetAtt" in node:
            return f"<{'.'.join(node['Fn::GetAtt'])}>"
    return str(node)


def environments(template: Template) -> dict[str, dict[str, str]]:
    """What each container and function is told."""
    told = {
        name: {each["Name"]: text(each["Value"]) for each in container.get("Environment", ())}
        | {each["Name"]: "secret" for each in container.get("Secrets", ())}
        for name, task in of_type(template, "AWS::ECS::TaskDefinition").items()
        for container in task["ContainerDefinitions"]
    }
    functions = of_type(template, "AWS::Lambda::Function").items()
    return told | {
        name: {key: text(value) for key, value in function["Environment"]["Variables"].items()}
        for name, function in functions
    }


def statements(template: Template) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, policy in of_type(template, "AWS::IAM::Policy").items():
        for statement in policy["PolicyDocument"]["Statement"]:
            yield name, statement


def test_templates_are_what_was_made_from_what_is_here() -> None:
    """Else `.venv-infra/bin/python -m infra.cdk infra/cloudformation`, which `make infra-check` compares."""
    assert (FOLDER / SUMS).read_text() == sums(FOLDER)


def test_every_reference_leads_somewhere(template: Template) -> None:
    there = {*template["Resources"], *template["Parameters"]}
    named = {node["Ref"] for node in walk(template) if "Ref" in node}
    named |= {node["Fn::GetAtt"][0] for node in walk(template) if "Fn::GetAtt" in node}

    assert {name for name in named if not name.startswith("AWS::")} <= there


def test_nothing_has_to_be_uploaded_or_bootstrapped_before(template: Template) -> None:
    assert "cdk-" not in json.dumps(template)
    assert not of_type(template, "Custom::S3AutoDeleteObjects")
    assert all("ImageUri" in each["Code"] for each in of_type(template, "AWS::Lambda::Function").values())


@pytest.mark.parametrize(("prefix", "settings"), [("CLOUD", CloudSettings), ("API", ApiSettings)])
def test_every_setting_is_set_or_known_to_be_right_as_it_is(
    template: Template,
    prefix: str,
    settings: Any,  # noqa: ANN401 (a settings class)
) -> None:
    fields = set(settings.model_fields)
    told = environments(template)
    readers = {name for name in told if prefix == "CLOUD" or name.startswith("Api")}
    for name in readers:
        mine = {key.removeprefix(f"{prefix}_").lower() for key in told[name] if key.startswith(f"{prefix}_")}
        assert mine <= fields, f"{name} is told what nobody reads"
        needed = fields - SAME_AS_ON_ONE_MACHINE[prefix] - mine
        assert needed <= ({"models_key"} if "Ingest" in name else set()), name
    assert len(readers) == (8 if prefix == "CLOUD" else 1)


def test_what_is_told_is_what_the_program_accepts(
    template: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, told in environments(template).items():
        with monkeypatch.context() as patched:
            for key, value in told.items():
                plain = re.sub(r"<(PublicUrl)>", "https://api.example.org", value)
                patched.setenv(key, re.sub(r"<[^>]+>", "made-at-deploy", plain))
            assert CloudSettings().lake == "s3://made-at-deploy/telemetry", name
            assert ApiSettings().secure_cookies is name.startswith("Api")


def test_no_role_may_do_more_than_is_named(template: Template) -> None:
    for name, statement in statements(template):
        actions = statement["Action"]
        for action in [actions] if isinstance(actions, str) else actions:
            assert "*" not in action or action in {"kms:ReEncrypt*", "kms:GenerateDataKey*"}, (name, action)
            assert statement["Resource"] != "*" or action in UNNAMEABLE, (name, action)


def test_only_who_merges_and_forgets_writes_the_lake_beside_ingest(template: Template) -> None:
    writers = {
        name
        for name, statement in statements(template)
        if "s3:DeleteObject" in statement["Action"] and "/telemetry/*" in json.dumps(statement["Resource"])
    }

    assert {re.match(r"[A-Z][a-z]+", name)[0] for name in writers} == {"Ingest", "Upkeep", "Forget"}  # type: ignore[index]


def test_the_api_commands_no_device_and_the_advisor_reads_no_signing_key(template: Template) -> None:
    able = {
        action: {name for name, each in statements(template) if action in each["Action"]}
        for action in ("iot:UpdateThingShadow", "secretsmanager:PutSecretValue", "ses:SendEmail")
    }

    assert {action: [name[:7] for name in names] for action, names in able.items()} == {
        "iot:UpdateThingShadow": ["Advisor"],
        "secretsmanager:PutSecretValue": ["ApiTask"],
        "ses:SendEmail": ["ApiTask"],
    }


def test_a_device_has_the_policy_that_was_tested(template: Template) -> None:
    (policy,) = of_type(template, "AWS::IoT::Policy").values()
    assert policy["PolicyName"] == POLICY
    arn = "arn:<AWS::Partition>:iot:<AWS::Region>:<AWS::AccountId>"
    document = policy["PolicyDocument"]

    told = [each | {"Resource": [text(one) for one in each["Resource"]]} for each in document["Statement"]]

    assert told == own_statements(arn, rule="ac_telemetry")
    real = json.dumps(document["Statement"] and told).replace(arn, "arn:aws:iot:eu-central-1:123456789012")
    assert len(real.replace(" ", "")) < POLICY_BYTES


def test_every_rule_says_where_to_put_what_it_could_not(template: Template) -> None:
    rules = of_type(template, "AWS::IoT::TopicRule")

    assert len(rules) == 2
    for rule in rules.values():
        payload = rule["TopicRulePayload"]
        assert "Sqs" in payload["ErrorAction"]
        assert payload["AwsIotSqlVersion"] == "2016-03-23"


def test_the_rule_takes_just_the_topics_that_ingest_takes(template: Template) -> None:
    rule = next(
        each["TopicRulePayload"]
        for each in of_type(template, "AWS::IoT::TopicRule").values()
        if each["RuleName"] == "ac_telemetry"
    )

    assert rule["Sql"].endswith("FROM 'dt/ac/+/+' WHERE topic(4) <> 'claim'")
    assert rule["Actions"][0]["Kinesis"]["PartitionKey"] == "${topic(3)}"
    for kind in ("telemetry", "batch", "event"):
        assert fault_of(f"dt/ac/dev-1/{kind}") == ""


def test_a_failing_batch_is_halved_reported_and_never_lost_silently(template: Template) -> None:
    mappings = of_type(template, "AWS::Lambda::EventSourceMapping").values()
    (stream,) = [each for each in mappings if "StartingPosition" in each]
    (queue,) = [each for each in mappings if "StartingPosition" not in each]

    assert stream["BisectBatchOnFunctionError"] is True
    assert stream["StartingPosition"] == "TRIM_HORIZON"
    assert stream.get("MaximumRetryAttempts", -1) == -1
    assert "OnFailure" in stream["DestinationConfig"]
    (kinesis,) = of_type(template, "AWS::Kinesis::Stream").values()
    assert stream["MaximumRecordAgeInSeconds"] < kinesis["RetentionPeriodHours"] * 3600  # it can be replayed
    for mapping in (stream, queue):
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    (function,) = [
        each for name, each in of_type(template, "AWS::Lambda::Function").items() if "Claims" not in name
    ]
    assert all(
        each["VisibilityTimeout"] >= 6 * function["Timeout"]
        for each in of_type(template, "AWS::SQS::Queue").values()
    )


def test_handlers_and_commands_are_there(template: Template) -> None:
    for function in of_type(template, "AWS::Lambda::Function").values():
        module, _, name = function["ImageConfig"]["Command"][0].rpartition(".")
        path = Path(__file__).parents[3] / f"{module.replace('.', '/')}.py"
        assert f"\ndef {name}(" in path.read_text()


def test_the_table_of_athena_has_the_columns_of_the_lake(template: Template) -> None:
    (table,) = of_type(template, "AWS::Glue::Table").values()
    types = {"int64": "bigint", "string": "string", "double": "double", "bool": "boolean"}
    expected = [
        (field.name, "timestamp" if "timestamp" in str(field.type) else types[str(field.type)])
        for field in FILE_SCHEMA
    ]

    told = [(each["Name"], each["Type"]) for each in table["TableInput"]["StorageDescriptor"]["Columns"]]

    assert told == expected


def test_what_is_kept_is_encrypted_recoverable_and_outlives_the_stack(template: Template) -> None:
    resources = template["Resources"].values()
    for each in resources:
        if each["Type"] in {
            "AWS::S3::Bucket",
            "AWS::DynamoDB::Table",
            "AWS::KMS::Key",
            "AWS::Cognito::UserPool",
        }:
            assert each["DeletionPolicy"] == "Retain"
    for bucket in of_type(template, "AWS::S3::Bucket").values():
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert bucket["BucketEncryption"]
        rules = bucket["LifecycleConfiguration"]["Rules"]
        assert min(rule["NoncurrentVersionExpiration"]["NoncurrentDays"] for rule in rules) <= 7
    (table,) = of_type(template, "AWS::DynamoDB::Table").values()
    assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert [each["AttributeName"] for each in table["KeySchema"]] == ["pk", "sk"]
    assert all(each["RetentionInDays"] == 30 for each in of_type(template, "AWS::Logs::LogGroup").values()
               if "RetentionInDays" in each)  # fmt: skip


def test_one_advisor_at_a_time_and_an_api_in_two_zones(template: Template) -> None:
    services = of_type(template, "AWS::ECS::Service")
    (advisor,) = [each for name, each in services.items() if name.startswith("Advisor")]
    (api,) = [each for name, each in services.items() if name.startswith("Api")]

    assert advisor["DesiredCount"] == 1
    assert advisor["DeploymentConfiguration"]["MaximumPercent"] == 100
    assert api["DesiredCount"] == 2
    assert api["DeploymentConfiguration"]["Alarms"]["Rollback"] is True
    assert api["DeploymentConfiguration"]["DeploymentCircuitBreaker"]["Rollback"] is True
    assert len(api["NetworkConfiguration"]["AwsvpcConfiguration"]["Subnets"]) == 2


def test_containers_are_nobody_and_write_to_their_own_folder_only(template: Template) -> None:
    for task in of_type(template, "AWS::ECS::TaskDefinition").values():
        (container,) = task["ContainerDefinitions"]
        assert container["ReadonlyRootFilesystem"] is True
        assert container["User"] not in ("0", "root")
        assert [mount["ContainerPath"] for mount in container["MountPoints"]] == ["/tmp"]  # noqa: S108 (the task's own)


def schedule_minutes(expression: str) -> int:
    """How often EventBridge Scheduler starts something (User Guide, "Schedule types"): rates only.

    Raises:
        ValueError: It is no rate.
    """
    found = re.fullmatch(r"rate\((\d+) (minute|hour|day)(s?)\)", expression)
    if found is None or int(found[1]) < 1 or (found[1] == "1") is bool(found[3]):
        raise ValueError(expression)
    return int(found[1]) * {"minute": 1, "hour": 60, "day": 1440}[found[2]]


@pytest.mark.parametrize("wrong", ["rate(1 hours)", "rate(5 minute)", "rate(0 minutes)", "rubbish(1)"])
def test_wrong_expressions_are_seen(wrong: str) -> None:
    with pytest.raises(ValueError, match=re.escape(wrong)):
        schedule_minutes(wrong)


def test_jobs_are_started_as_often_as_they_are_meant_to(template: Template) -> None:
    told = {
        name[:5]: schedule_minutes(each["ScheduleExpression"])
        for name, each in of_type(template, "AWS::Scheduler::Schedule").items()
    }

    assert told == {"Train": 60, "Monit": 5, "Upkee": 60, "Forge": 5}
    for each in of_type(template, "AWS::Scheduler::Schedule").values():
        assert "DeadLetterConfig" in each["Target"]


def test_every_alarm_reaches_somebody(template: Template) -> None:
    for name, alarm in of_type(template, "AWS::CloudWatch::Alarm").items():
        if "TargetTracking" not in name:
            assert alarm["AlarmActions"], name
            assert alarm["AlarmDescription"], name
    assert len(asked_by_alarms(template)) == 3
