"""Ingest: IoT rule → Kinesis → Lambda, with a queue for each way in which one of them can fail."""

from dataclasses import dataclass

from aws_cdk import Duration, Stack
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_iot as iot
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.cdk import grants
from infra.cdk.settings import Parameters, cloud_environment
from infra.cdk.storage import Storage

RULE = "ac_telemetry"
"""Also in the topic of Basic Ingest, `$aws/rules/ac_telemetry/dt/ac/…`, and `EDGE_INGEST_RULE`."""

SQL_VERSION = "2016-03-23"
TELEMETRY_SQL = (
    "SELECT topic() AS topic, encode(*, 'base64') AS payload FROM 'dt/ac/+/+' WHERE topic(4) <> 'claim'"
)
CLAIM_SQL = "SELECT topic() AS topic, encode(*, 'base64') AS payload FROM 'dt/ac/+/claim'"

RETENTION = Duration.days(7)
"""As far back as `ac-advisor lake replay --source kinesis:…` reaches."""

GIVE_UP_AFTER = Duration.days(1)
"""A shard is not held up for longer by what kills the function; its place goes to a queue, its data stays."""


@dataclass(frozen=True, slots=True)
class Ingest:
    """What others watch."""

    stream: kinesis.Stream
    function: lambda_.Function
    claims: lambda_.Function
    rule_failures: sqs.Queue
    unread: sqs.Queue
    lost: sqs.Queue


def ingest(scope: Construct, store: Storage, images: ecr.IRepository, asked: Parameters) -> Ingest:
    """From a device's message to the lake."""
    part, tag = Construct(scope, "Ingest"), asked.image_tag.value_as_string
    stream = kinesis.Stream(
        part,
        "Telemetry",
        stream_mode=kinesis.StreamMode.PROVISIONED,
        shard_count=asked.shards.value_as_number,
        retention_period=RETENTION,
        encryption=kinesis.StreamEncryption.MANAGED,
    )
    unread = _queue(part, "Unread")
    failures = _queue(part, "RuleFailures", dead=sqs.DeadLetterQueue(queue=unread, max_receive_count=20))
    lost = _queue(part, "SkippedRecords")
    function = _function(part, "Function", "cloud.wiring.kinesis.handle", store, images, tag)
    grants.use_files(function, store, store.lake, writes=True)
    grants.use_state(function, store, writes=False)
    function.add_event_source(
        sources.KinesisEventSource(
            stream,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=500,
            max_batching_window=Duration.seconds(60),
            bisect_batch_on_error=True,
            report_batch_item_failures=True,
            max_record_age=GIVE_UP_AFTER,
            on_failure=sources.SqsDlq(lost),
        )
    )
    function.add_event_source(
        sources.SqsEventSource(failures, batch_size=10, report_batch_item_failures=True, max_concurrency=2)
    )
    claims = _function(part, "Claims", "cloud.wiring.claims.handle", store, images, tag)
    grants.use_state(claims, store, writes=True)
    grants.answer_claims(claims, Stack.of(scope))
    _telemetry_rule(part, stream, failures)
    _claim_rule(part, claims, unread)
    return Ingest(stream, function, claims, failures, unread, lost)


def _queue(scope: Construct, name: str, dead: sqs.DeadLetterQueue | None = None) -> sqs.Queue:
    return sqs.Queue(
        scope,
        name,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=Duration.days(14),
        visibility_timeout=Duration.minutes(12),  # six times the function's timeout, as AWS advises
        dead_letter_queue=dead,
    )


def _function(
    scope: Construct, name: str, handler: str, store: Storage, images: ecr.IRepository, tag: str
) -> lambda_.Function:
    group = logs.LogGroup(scope, f"{name}Log", retention=logs.RetentionDays.ONE_MONTH)
    return lambda_.DockerImageFunction(
        scope,
        name,
        code=lambda_.DockerImageCode.from_ecr(
            images, tag_or_digest=tag, entrypoint=["python", "-m", "awslambdaric"], cmd=[handler]
        ),
        architecture=lambda_.Architecture.X86_64,
        memory_size=1769,  # one core (Lambda developer guide, "Configure function memory")
        timeout=Duration.minutes(2),
        environment=cloud_environment(store),
        log_group=group,
        tracing=lambda_.Tracing.ACTIVE,
    )


def _telemetry_rule(scope: Construct, stream: kinesis.Stream, failures: sqs.Queue) -> None:
    role = iam.Role(scope, "RuleRole", assumed_by=iam.ServicePrincipal("iot.amazonaws.com"))
    role.add_to_policy(iam.PolicyStatement(actions=["kinesis:PutRecord"], resources=[stream.stream_arn]))
    role.add_to_policy(iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[failures.queue_arn]))
    rule = iot.CfnTopicRule(
        scope,
        "Rule",
        rule_name=RULE,
        topic_rule_payload=iot.CfnTopicRule.TopicRulePayloadProperty(
            sql=TELEMETRY_SQL,
            aws_iot_sql_version=SQL_VERSION,
            actions=[
                iot.CfnTopicRule.ActionProperty(
                    kinesis=iot.CfnTopicRule.KinesisActionProperty(
                        role_arn=role.role_arn, stream_name=stream.stream_name, partition_key="${topic(3)}"
                    )
                )
            ],
            error_action=iot.CfnTopicRule.ActionProperty(
                sqs=iot.CfnTopicRule.SqsActionProperty(
                    queue_url=failures.queue_url, role_arn=role.role_arn, use_base64=False
                )
            ),
        ),
    )
    rule.node.add_dependency(role)


def _claim_rule(scope: Construct, claims: lambda_.Function, unread: sqs.Queue) -> None:
    role = iam.Role(scope, "ClaimRuleRole", assumed_by=iam.ServicePrincipal("iot.amazonaws.com"))
    role.add_to_policy(iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[unread.queue_arn]))
    rule = iot.CfnTopicRule(
        scope,
        "ClaimRule",
        rule_name="ac_claims",
        topic_rule_payload=iot.CfnTopicRule.TopicRulePayloadProperty(
            sql=CLAIM_SQL,
            aws_iot_sql_version=SQL_VERSION,
            actions=[
                iot.CfnTopicRule.ActionProperty(
                    lambda_=iot.CfnTopicRule.LambdaActionProperty(function_arn=claims.function_arn)
                )
            ],
            error_action=iot.CfnTopicRule.ActionProperty(
                sqs=iot.CfnTopicRule.SqsActionProperty(
                    queue_url=unread.queue_url, role_arn=role.role_arn, use_base64=False
                )
            ),
        ),
    )
    claims.add_permission(
        "CalledByRule", principal=iam.ServicePrincipal("iot.amazonaws.com"), source_arn=rule.attr_arn
    )
