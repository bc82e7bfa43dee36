"""Services: the API behind a load balancer, the advisor, and the jobs that a schedule starts."""

from dataclasses import dataclass

from aws_cdk import Duration, Stack
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.cdk import grants
from infra.cdk.settings import DATA_DIR, Parameters, cloud_environment
from infra.cdk.sign_in import SignIn
from infra.cdk.storage import MODELS, Storage

PORT = 8080
USER = "10001"
"""Of the image; nobody's on the host."""


@dataclass(frozen=True, slots=True)
class Foundation:
    """What every task stands on."""

    vpc: ec2.Vpc
    cluster: ecs.Cluster
    store: Storage
    image: ecs.ContainerImage


@dataclass(frozen=True, slots=True)
class Api:
    """What others watch."""

    service: ecs.FargateService
    balancer: elb.ApplicationLoadBalancer
    target: elb.ApplicationTargetGroup
    unhealthy: cloudwatch.Alarm
    failing: cloudwatch.Alarm


def foundation(
    scope: Construct, vpc: ec2.Vpc, store: Storage, images: ecr.IRepository, tag: str
) -> Foundation:
    """The cluster, and the one image of all tasks."""
    cluster = ecs.Cluster(scope, "Cluster", vpc=vpc, container_insights_v2=ecs.ContainerInsights.ENABLED)
    return Foundation(vpc, cluster, store, ecs.ContainerImage.from_ecr_repository(images, tag))


def task(
    scope: Construct, base: Foundation, command: list[str], environment: dict[str, str], size: tuple[int, int]
) -> ecs.FargateTaskDefinition:
    """A task of one container that may write to `/tmp` only.

    Args:
        scope: Named after the task.
        base: What it stands on.
        command: What the image runs.
        environment: Beside `CLOUD_*`.
        size: CPU units (1024 a core) and memory [MiB].
    """
    definition = ecs.FargateTaskDefinition(scope, "Task", cpu=size[0], memory_limit_mib=size[1])
    definition.add_volume(name="tmp")
    container = definition.add_container(
        "main",
        image=base.image,
        command=command,
        environment=cloud_environment(base.store) | environment,
        secrets={"CLOUD_MODELS_KEY": ecs.Secret.from_secrets_manager(base.store.models_key)},
        logging=ecs.LogDrivers.aws_logs(
            stream_prefix="ac-advisor",
            log_group=logs.LogGroup(scope, "Log", retention=logs.RetentionDays.ONE_MONTH),
        ),
        readonly_root_filesystem=True,
        user=USER,
        stop_timeout=Duration.seconds(60),
        port_mappings=[ecs.PortMapping(container_port=PORT)] if "API_PORT" in environment else None,
    )
    mount = ecs.MountPoint(container_path="/tmp", source_volume="tmp", read_only=False)  # noqa: S108 (the task's own)
    container.add_mount_points(mount)
    return definition


def api(scope: Construct, base: Foundation, asked: Parameters, sign_in: SignIn) -> Api:
    """Two tasks or more, in two zones; a release that does not serve is rolled back by itself."""
    part = Construct(scope, "Api")
    definition = task(
        part, base, ["python", "-m", "mobile_api"], _api_environment(base, asked, sign_in), (512, 1024)
    )
    role, store = definition.task_role, base.store
    grants.use_state(role, store, writes=True)
    grants.use_files(role, store, store.lake, writes=False)
    grants.keep_signing_keys(role, store)
    grants.tell_google(role, store)
    grants.send_mail(role, Stack.of(scope))
    service = ecs.FargateService(
        part,
        "Service",
        cluster=base.cluster,
        task_definition=definition,
        desired_count=2,
        min_healthy_percent=100,
        max_healthy_percent=200,
        health_check_grace_period=Duration.seconds(60),
        circuit_breaker=ecs.DeploymentCircuitBreaker(rollback=True),
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
    )
    scaling = service.auto_scale_task_count(min_capacity=2, max_capacity=20)
    scaling.scale_on_cpu_utilization("Cpu", target_utilization_percent=60)
    balancer, target = _balancer(part, base, asked, service)
    unhealthy, failing = _alarms(part, target)
    service.enable_deployment_alarms(
        [unhealthy.alarm_name, failing.alarm_name], behavior=ecs.AlarmBehavior.ROLLBACK_ON_ALARM
    )
    return Api(service, balancer, target, unhealthy, failing)


def advisor(scope: Construct, base: Foundation) -> ecs.FargateService:
    """One, never two: it owns its homes' state. A new one starts when the old one has gone."""
    part = Construct(scope, "Advisor")
    definition = task(part, base, ["python", "-m", "cloud", "advisor"], {}, (1024, 4096))
    role, store = definition.task_role, base.store
    grants.use_state(role, store, writes=True)
    grants.use_files(role, store, store.lake, writes=False)
    grants.use_files(role, store, store.models, MODELS, writes=True)
    grants.command_devices(role, Stack.of(scope))
    return ecs.FargateService(
        part,
        "Service",
        cluster=base.cluster,
        task_definition=definition,
        desired_count=1,
        min_healthy_percent=0,
        max_healthy_percent=100,
        circuit_breaker=ecs.DeploymentCircuitBreaker(rollback=True),
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
    )


def _api_environment(base: Foundation, asked: Parameters, sign_in: SignIn) -> dict[str, str]:
    return {
        "API_HOST": "0.0.0.0",  # noqa: S104 (in a task of its own, behind the balancer)
        "API_PORT": str(PORT),
        "API_DATA_DIR": DATA_DIR,
        "API_KEYS_SECRET": base.store.signing_keys.ref,
        "API_GOOGLE_KEY_SECRET": base.store.google_key.ref,
        "API_PUBLIC_URL": asked.public_url.value_as_string,
        "API_TRUSTED_PROXIES": "1",
        "API_SECURE_COOKIES": "true",
        "API_EMAIL_CHECK": "required",
        "API_MAILER": "ses",
        "API_MAIL_FROM": asked.mail_from.value_as_string,
        "API_OIDC_ISSUER": sign_in.issuer,
        "API_OIDC_AUDIENCE": sign_in.audience,
        "API_DRAIN_S": "20",
    }


def _balancer(
    scope: Construct, base: Foundation, asked: Parameters, service: ecs.FargateService
) -> tuple[elb.ApplicationLoadBalancer, elb.ApplicationTargetGroup]:
    balancer = elb.ApplicationLoadBalancer(
        scope,
        "Balancer",
        vpc=base.vpc,
        internet_facing=True,
        drop_invalid_header_fields=True,
        deletion_protection=True,
        idle_timeout=Duration.seconds(90),  # a stream of live updates ends after 60 s
    )
    certificate = acm.Certificate.from_certificate_arn(
        scope, "Certificate", asked.certificate_arn.value_as_string
    )
    listener = balancer.add_listener(
        "Https", port=443, certificates=[certificate], ssl_policy=elb.SslPolicy.TLS13_RES, open=True
    )
    balancer.add_redirect()
    target = listener.add_targets(
        "Tasks",
        port=PORT,
        protocol=elb.ApplicationProtocol.HTTP,
        targets=[service],
        deregistration_delay=Duration.seconds(70),
        health_check=elb.HealthCheck(
            path="/readyz", interval=Duration.seconds(10), healthy_threshold_count=2
        ),
    )
    return balancer, target


def _alarms(
    scope: Construct, target: elb.ApplicationTargetGroup
) -> tuple[cloudwatch.Alarm, cloudwatch.Alarm]:
    minute = Duration.minutes(1)
    unready = target.metrics.unhealthy_host_count(period=minute, statistic="Maximum")
    unhealthy = unready.create_alarm(
        scope,
        "Unhealthy",
        threshold=1,
        evaluation_periods=3,
        alarm_description="A task of the API is not ready.",
    )
    code = elb.HttpCodeTarget.TARGET_5XX_COUNT
    failing = target.metrics.http_code_target(code, period=minute, statistic="Sum").create_alarm(
        scope,
        "Failing",
        threshold=10,
        evaluation_periods=3,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        alarm_description="The API answers 5xx, ten times a minute or more.",
    )
    return unhealthy, failing
