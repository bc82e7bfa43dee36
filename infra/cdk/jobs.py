"""Jobs: training, monitoring, upkeep and deletion, started by schedule, and training by an event, too."""

from dataclasses import dataclass

from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.cdk import grants
from infra.cdk.services import Foundation, task
from infra.cdk.settings import DATA_DIR
from infra.cdk.storage import MODELS


@dataclass(frozen=True, slots=True)
class Job:
    """A command of the program, and when it runs.

    Attributes:
        command: What follows `ac-advisor`.
        schedule: Of EventBridge Scheduler.
        size: CPU units (1024 a core) and memory [MiB].
    """

    command: tuple[str, ...]
    schedule: str
    size: tuple[int, int]


JOBS = {
    "Train": Job(("train", "--due"), "rate(1 hour)", (4096, 16_384)),
    "Monitor": Job(("monitor", "--now"), "rate(5 minutes)", (512, 2048)),
    "Upkeep": Job(("lake", "upkeep"), "rate(1 hour)", (1024, 4096)),
    "Forget": Job(("aws", "forget"), "rate(5 minutes)", (512, 2048)),
}

LOOKS_AFTER = ("Upkeep", "Forget")
"""Those that merge and forget: they write the lake, and need no models."""


def jobs(scope: Construct, base: Foundation, unread: sqs.Queue) -> None:
    """Each a task; what cannot be started is in the queue."""
    for name, job in JOBS.items():
        part = Construct(scope, name)
        command = ["ac-advisor", *job.command, "--data-dir", DATA_DIR]
        definition = task(part, base, command, {"CLOUD_METRICS": "emf"}, job.size)
        role, store = definition.task_role, base.store
        grants.use_state(role, store, writes=True)
        grants.use_files(role, store, store.lake, writes=name in LOOKS_AFTER)
        if name == "Forget":
            grants.forget_devices(role, Stack.of(scope))
        if name not in LOOKS_AFTER:
            grants.use_files(role, store, store.models, MODELS, writes=True)
        group = ec2.SecurityGroup(part, "Outwards", vpc=base.vpc, description=f"The job {name}.")
        _schedule(part, base, definition, group, (job.schedule, unread))
        if name == "Train":
            _by_event(part, base, definition, group, unread)


def _schedule(
    scope: Construct,
    base: Foundation,
    definition: ecs.FargateTaskDefinition,
    group: ec2.SecurityGroup,
    when: tuple[str, sqs.Queue],
) -> None:
    role = iam.Role(scope, "Starter", assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com"))
    schedule, unread = when
    _may_start(role, base, definition)
    role.add_to_policy(iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[unread.queue_arn]))
    subnets = base.vpc.select_subnets(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS).subnet_ids
    network = scheduler.CfnSchedule.AwsVpcConfigurationProperty(
        subnets=subnets, security_groups=[group.security_group_id], assign_public_ip="DISABLED"
    )
    made = scheduler.CfnSchedule(
        scope,
        "Schedule",
        schedule_expression=schedule,
        flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
        target=scheduler.CfnSchedule.TargetProperty(
            arn=base.cluster.cluster_arn,
            role_arn=role.role_arn,
            dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(arn=unread.queue_arn),
            retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(maximum_retry_attempts=3),
            ecs_parameters=scheduler.CfnSchedule.EcsParametersProperty(
                task_definition_arn=definition.task_definition_arn,
                launch_type="FARGATE",
                network_configuration=scheduler.CfnSchedule.NetworkConfigurationProperty(
                    awsvpc_configuration=network
                ),
            ),
        ),
    )
    made.node.add_dependency(role)


def _may_start(role: iam.Role, base: Foundation, definition: ecs.FargateTaskDefinition) -> None:
    role.add_to_policy(
        iam.PolicyStatement(
            actions=["ecs:RunTask"],
            resources=[definition.task_definition_arn],
            conditions={"ArnEquals": {"ecs:cluster": base.cluster.cluster_arn}},
        )
    )
    passed = [definition.task_role.role_arn, definition.obtain_execution_role().role_arn]
    role.add_to_policy(
        iam.PolicyStatement(
            actions=["iam:PassRole"],
            resources=passed,
            conditions={"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
        )
    )


def _by_event(
    scope: Construct,
    base: Foundation,
    definition: ecs.FargateTaskDefinition,
    group: ec2.SecurityGroup,
    unread: sqs.Queue,
) -> None:
    """Whoever puts the event `training_asked` of the source `ac-advisor` has a look at the triggers made."""
    asked = events.Rule(
        scope,
        "Asked",
        event_pattern=events.EventPattern(source=["ac-advisor"], detail_type=["training_asked"]),
    )
    asked.add_target(
        targets.EcsTask(
            cluster=base.cluster,
            task_definition=definition,
            security_groups=[group],
            subnet_selection=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
            dead_letter_queue=unread,
        )
    )
