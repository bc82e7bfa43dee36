"""The committed template, deployed into moto: what is declared is there, and is wired to what there is.

moto skips a type that it does not know, with a warning, and calls the stack complete: a false green. So each
type that moto lacks is registered here, and made by the service's own API, through a client that refuses a
parameter that the service does not know. Properties that moto drops are asserted on the template, in
`test_templates.py`.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.cloudformation import parsing
from moto.elbv2.models import FakeTargetGroup

from cloud.adapters.secrets_manager import SecretsManagerDocument
from mobile_api.keys import StoredKeys

FOLDER = Path(__file__).parents[3] / "infra" / "cloudformation"
REGION = "eu-west-1"
ACCOUNT = "123456789012"
"""moto's."""

PARAMETERS = {
    "AlarmEmail": "alarms@example.org",
    "ImageTag": "v1",
    "MailFrom": "ac@example.org",
    "PublicUrl": "https://api.example.org",
}
Properties = dict[str, Any]
Template = dict[str, Any]


@dataclass(frozen=True)
class Maker:
    """How a resource of one type is made: by `call`, with what `arguments` makes of its properties."""

    service: str
    call: str
    arguments: Callable[[str, Properties], Properties]
    identity: Callable[[str, Properties, Any], str] = lambda name, _told, _answer: name
    """Its `Ref`, by its name, its properties and the service's answer."""

    arn: str = ""
    """Its `Fn::GetAtt` of `Arn`, with `{}` for its `Ref`; none has another attribute that is asked for."""


def _named(key: str, *without: str) -> Callable[[str, Properties], Properties]:
    """Its properties as they are, and its name as `key`."""
    return lambda name, told: {key: name} | {each: told[each] for each in told if each not in without}


def _as_is(_: str, told: Properties) -> Properties:
    return told


def _camel(node: Any) -> Any:  # noqa: ANN401 (any JSON)
    """As APIs of the newer kind have it: `roleArn`, not `RoleArn`."""
    if isinstance(node, dict):
        return {key[0].lower() + key[1:]: _camel(value) for key, value in node.items()}
    return [_camel(each) for each in node] if isinstance(node, list) else node


def _egress(_: str, told: Properties) -> Properties:
    peer = {"GroupId": told["DestinationSecurityGroupId"], "Description": told["Description"]}
    port = {key: told[key] for key in ("IpProtocol", "FromPort", "ToPort")}
    return {"GroupId": told["GroupId"], "IpPermissions": [port | {"UserIdGroupPairs": [peer]}]}


_TARGET = ("ResourceId", "ScalableDimension", "ServiceNamespace")


def _scaling(_: str, told: Properties) -> Properties:
    target = dict(zip(_TARGET, told["ScalingTargetId"].split("|"), strict=True))
    return target | {key: told[key] for key in told if key != "ScalingTargetId"}


def _schedule(name: str, told: Properties) -> Properties:
    ecs = told["Target"]["EcsParameters"]
    wired = ecs | {"NetworkConfiguration": _camel_top(ecs["NetworkConfiguration"])}
    return {"Name": name} | told | {"Target": told["Target"] | {"EcsParameters": wired}}


def _camel_top(told: Properties) -> Properties:
    return {key[0].lower() + key[1:]: value for key, value in told.items()}


def _policy_of(key: str, many: str) -> Callable[[str, Properties], Properties]:
    def arguments(_: str, told: Properties) -> Properties:
        (one,) = told[many]
        policy = json.dumps(told["PolicyDocument"])
        attributes = {"AttributeName": "Policy", "AttributeValue": policy}
        return {key: one} | (attributes if many == "Topics" else {"Attributes": {"Policy": policy}})

    return arguments


def _budget(_: str, told: Properties) -> Properties:
    limit = told["Budget"]["BudgetLimit"]
    budget = {"BudgetName": "budget", "BudgetLimit": limit | {"Amount": str(limit["Amount"])}}
    return {"AccountId": ACCOUNT, **told, "Budget": told["Budget"] | budget}


def _secret(name: str, told: Properties) -> Properties:
    """Without a value, unless one is given or to be made (CloudFormation, AWS::SecretsManager::Secret)."""
    made = {"SecretString": "made at deploy"} if "GenerateSecretString" in told else {}
    return {"Name": name, **made} | {key: told[key] for key in told if key != "GenerateSecretString"}


MAKERS = {
    "AWS::ApplicationAutoScaling::ScalableTarget": Maker(
        "application-autoscaling",
        "register_scalable_target",
        _as_is,
        lambda _name, told, _answer: "|".join(told[key] for key in _TARGET),
    ),
    "AWS::ApplicationAutoScaling::ScalingPolicy": Maker(
        "application-autoscaling", "put_scaling_policy", _scaling
    ),
    "AWS::Athena::WorkGroup": Maker(
        "athena",
        "create_work_group",
        lambda _, told: {"Name": told["Name"], "Configuration": told["WorkGroupConfiguration"]},
    ),
    "AWS::Budgets::Budget": Maker("budgets", "create_budget", _budget),
    "AWS::CloudWatch::Alarm": Maker(
        "cloudwatch",
        "put_metric_alarm",
        _named("AlarmName"),
        arn=f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{{}}",
    ),
    "AWS::Cognito::UserPool": Maker(
        "cognito-idp",
        "create_user_pool",
        # TOTP is switched on by a call of its own
        _named("PoolName", "EnabledMfas", "MfaConfiguration"),
        lambda _name, _told, answer: answer["UserPool"]["Id"],
    ),
    "AWS::Cognito::UserPoolClient": Maker(
        "cognito-idp",
        "create_user_pool_client",
        _named("ClientName"),
        lambda _name, _told, answer: answer["UserPoolClient"]["ClientId"],
    ),
    "AWS::EC2::SecurityGroupEgress": Maker("ec2", "authorize_security_group_egress", _egress),
    "AWS::Glue::Database": Maker(
        "glue", "create_database", _as_is, lambda _name, told, _answer: told["DatabaseInput"]["Name"]
    ),
    "AWS::Glue::Table": Maker(
        "glue", "create_table", _as_is, lambda _name, told, _answer: told["TableInput"]["Name"]
    ),
    "AWS::IoT::TopicRule": Maker(
        "iot",
        "create_topic_rule",
        lambda _, told: _camel(told),
        lambda _name, told, _answer: told["RuleName"],
        f"arn:aws:iot:{REGION}:{ACCOUNT}:rule/{{}}",
    ),
    "AWS::S3::BucketPolicy": Maker(
        "s3",
        "put_bucket_policy",
        lambda _, told: {"Bucket": told["Bucket"], "Policy": json.dumps(told["PolicyDocument"])},
    ),
    "AWS::SNS::Subscription": Maker("sns", "subscribe", _as_is),
    "AWS::SNS::TopicPolicy": Maker("sns", "set_topic_attributes", _policy_of("TopicArn", "Topics")),
    "AWS::SQS::QueuePolicy": Maker("sqs", "set_queue_attributes", _policy_of("QueueUrl", "Queues")),
    "AWS::Scheduler::Schedule": Maker("scheduler", "create_schedule", _schedule),
    "AWS::SecretsManager::Secret": Maker(
        "secretsmanager", "create_secret", _secret, lambda _name, _told, answer: answer["ARN"]
    ),
}
"""The types of the template that moto's CloudFormation lacks."""


@dataclass
class Made:
    """A resource that a `Maker` has made, as moto keeps it."""

    maker: Maker
    physical_resource_id: str

    def is_created(self) -> bool:
        return True

    def get_cfn_attribute(self, attribute: str) -> str:
        if attribute != "Arn" or not self.maker.arn:
            raise KeyError(attribute)
        return self.maker.arn.format(self.physical_resource_id)


@dataclass(frozen=True)
class Kind:
    """A type of resource, as moto's CloudFormation asks for one (moto's `CloudFormationModel`)."""

    maker: Maker

    def create_from_cloudformation_json(
        self,
        resource_name: str,
        cloudformation_json: Properties,
        _account_id: str,
        region_name: str,
        **_: str,
    ) -> Made:
        told = cloudformation_json.get("Properties", {})
        client = boto3.client(self.maker.service, region_name=region_name)
        answer = getattr(client, self.maker.call)(**self.maker.arguments(resource_name, told))
        return Made(self.maker, self.maker.identity(resource_name, told, answer))

    def has_cfn_attr(self, attribute: str) -> bool:
        return attribute == "Arn" and bool(self.maker.arn)


@dataclass(frozen=True)
class Account:
    """An account into which templates were deployed."""

    template: Template
    stack: str

    def client(self, service: str) -> Any:  # noqa: ANN401 (boto3 has no types)
        return boto3.client(service, region_name=REGION)

    def resources(self) -> dict[str, str]:
        """What there is: logical and physical id."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources")
        return {
            each["LogicalResourceId"]: each["PhysicalResourceId"]
            for page in pages.paginate(StackName=self.stack)
            for each in page["StackResourceSummaries"]
        }


def deploy(template: Template, name: str, parameters: Mapping[str, str]) -> Account:
    told = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    boto3.client("cloudformation", region_name=REGION).create_stack(
        StackName=name, TemplateBody=json.dumps(template), Parameters=told, Capabilities=["CAPABILITY_IAM"]
    )
    return Account(template, name)


def committed(name: str) -> Template:
    loaded: Template = json.loads((FOLDER / f"{name}.json").read_text())
    return loaded


def _of_target_group(group: FakeTargetGroup, attribute: str) -> str:
    if attribute == "TargetGroupFullName":
        return str(group.arn).rpartition(":")[2]
    raise KeyError(attribute)


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    known = parsing.get_model_map()
    kinds = {name: Kind(maker) for name, maker in MAKERS.items()}
    with pytest.MonkeyPatch.context() as patched, mock_aws():
        patched.delenv("AWS_ENDPOINT_URL", raising=False)
        patched.setattr(FakeTargetGroup, "get_cfn_attribute", _of_target_group, raising=False)
        patched.setattr(parsing, "get_model_map", lambda: known | kinds)
        deploy(committed("AcAdvisorImages"), "images", {})
        certificate = boto3.client("acm", region_name=REGION).request_certificate(
            DomainName="api.example.org"
        )
        yield deploy(
            committed("AcAdvisor"), "ac", PARAMETERS | {"CertificateArn": certificate["CertificateArn"]}
        )


def test_all_that_is_declared_is_created(account: Account) -> None:
    declared = {name: each["Type"] for name, each in account.template["Resources"].items()}
    there = account.resources()

    assert {f"{declared[name]} {name}" for name in declared.keys() - there.keys()} == set()
    assert len(there) == len(declared)


def test_rules_put_messages_where_there_is_a_stream_and_failures_where_there_is_a_queue(
    account: Account,
) -> None:
    iot, streams = account.client("iot"), account.client("kinesis").list_streams()["StreamNames"]
    queues = account.client("sqs").list_queues()["QueueUrls"]
    rules = [
        iot.get_topic_rule(ruleName=each["ruleName"])["rule"] for each in iot.list_topic_rules()["rules"]
    ]

    assert {each["ruleName"] for each in rules} == {"ac_telemetry", "ac_claims"}
    for rule in rules:
        assert rule["errorAction"]["sqs"]["queueUrl"] in queues
        assert rule["errorAction"]["sqs"]["roleArn"] in _role_arns(account)
    (telemetry,) = [each["actions"][0]["kinesis"] for each in rules if "kinesis" in each["actions"][0]]
    assert telemetry["streamName"] in streams
    assert telemetry["roleArn"] in _role_arns(account)


def test_the_function_reads_the_stream_that_there_is(account: Account) -> None:
    (stream,) = account.client("kinesis").list_streams()["StreamNames"]
    arn = account.client("kinesis").describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
    mappings = account.client("lambda").list_event_source_mappings()["EventSourceMappings"]

    assert arn["StreamARN"] in {each["EventSourceArn"] for each in mappings}
    functions = {each["FunctionArn"] for each in account.client("lambda").list_functions()["Functions"]}
    assert {each["FunctionArn"].removesuffix(":$LATEST") for each in mappings} <= functions


def test_schedules_start_tasks_that_there_are(account: Account) -> None:
    scheduler, ecs = account.client("scheduler"), account.client("ecs")
    definitions = set(ecs.list_task_definitions()["taskDefinitionArns"])
    clusters = set(ecs.list_clusters()["clusterArns"])
    schedules = [
        scheduler.get_schedule(Name=each["Name"]) for each in scheduler.list_schedules()["Schedules"]
    ]

    assert len(schedules) == 4
    for target in (each["Target"] for each in schedules):
        assert target["Arn"] in clusters
        assert target["EcsParameters"]["TaskDefinitionArn"] in definitions
        assert target["RoleArn"] in _role_arns(account)


def test_alarms_are_about_what_there_is(account: Account) -> None:
    there = {*account.client("kinesis").list_streams()["StreamNames"]}
    there |= {each["FunctionName"] for each in account.client("lambda").list_functions()["Functions"]}
    there |= {url.rpartition("/")[2] for url in account.client("sqs").list_queues()["QueueUrls"]}
    # beside them there are those that autoscaling makes for itself
    alarms = account.client("cloudwatch").describe_alarms(AlarmNamePrefix="ac-")["MetricAlarms"]
    (topic,) = account.client("sns").list_topics()["Topics"]

    assert len(alarms) == 11
    about = {"StreamName", "FunctionName", "QueueName"}
    named = [one["Value"] for each in alarms for one in each["Dimensions"] if one["Name"] in about]
    assert len(named) >= 5
    assert set(named) <= there
    assert all(each["AlarmActions"] == [topic["TopicArn"]] for each in alarms)


def test_the_api_writes_its_keys_into_the_secret_that_there_is(account: Account) -> None:
    (task,) = [
        account.client("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]
        for arn in account.client("ecs").list_task_definitions()["taskDefinitionArns"]
        if "ApiTask" in arn
    ]
    told = {each["name"]: each["value"] for each in task["containerDefinitions"][0]["environment"]}
    now = datetime.now(UTC)

    secret = SecretsManagerDocument(account.client("secretsmanager"), told["API_KEYS_SECRET"])
    kid = StoredKeys(secret, timedelta(days=90), now).signing(now).kid

    assert StoredKeys(secret, timedelta(days=90), now).signing(now).kid == kid
    assert (
        SecretsManagerDocument(account.client("secretsmanager"), told["API_GOOGLE_KEY_SECRET"]).read() is None
    )


def test_a_type_that_nobody_knows_is_seen(account: Account) -> None:
    template: Template = {"Resources": {"Odd": {"Type": "AWS::Nowhere::Thing", "Properties": {}}}}
    with pytest.warns(UserWarning, match="AWS::Nowhere::Thing"):
        there = deploy(template, "odd", {}).resources()

    assert "Odd" not in there


def _role_arns(account: Account) -> set[str]:
    pages = account.client("iam").get_paginator("list_roles").paginate()
    return {role["Arn"] for page in pages for role in page["Roles"]}
