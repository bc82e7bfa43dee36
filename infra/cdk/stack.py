"""The stacks: images first, since the other one starts from them; neither needs CDK's own bootstrap."""

from aws_cdk import App, CfnOutput, DefaultStackSynthesizer, RemovalPolicy, Stack
from aws_cdk import aws_ecr as ecr

from infra.cdk.ingest import ingest
from infra.cdk.jobs import jobs
from infra.cdk.network import network
from infra.cdk.services import advisor, api, foundation
from infra.cdk.settings import REPOSITORY, image_repository, parameters
from infra.cdk.sign_in import sign_in
from infra.cdk.storage import storage
from infra.cdk.things import things
from infra.cdk.watch import watch

STACKS = ("AcAdvisorImages", "AcAdvisor")


def images_stack(app: App) -> Stack:
    """Where the image goes before anything can run."""
    stack = Stack(app, STACKS[0], synthesizer=_plain(), description="ac-advisor: where its image is.")
    ecr.Repository(
        stack,
        "Images",
        repository_name=REPOSITORY,
        image_scan_on_push=True,
        image_tag_mutability=ecr.TagMutability.IMMUTABLE,
        encryption=ecr.RepositoryEncryption.KMS,
        lifecycle_rules=[ecr.LifecycleRule(max_image_count=20)],
        removal_policy=RemovalPolicy.RETAIN,
    )
    return stack


def main_stack(app: App) -> Stack:
    """Everything else."""
    stack = Stack(app, STACKS[1], synthesizer=_plain(), description="ac-advisor: ingest, advice, API.")
    asked, images = parameters(stack), image_repository(stack)
    tag = asked.image_tag.value_as_string
    store = storage(stack)
    taken_in = ingest(stack, store, images, asked)
    things(stack)
    base = foundation(stack, network(stack), store, images, tag)
    served = api(stack, base, asked, sign_in(stack))
    advisor(stack, base)
    jobs(stack, base, taken_in.unread)
    watch(stack, asked, store, taken_in, served)
    for name, value in {
        "Address": served.balancer.load_balancer_dns_name,
        "Lake": store.lake.bucket_name,
        "State": store.table.table_name,
        "Stream": taken_in.stream.stream_name,
    }.items():
        CfnOutput(stack, name, value=value)
    return stack


def _plain() -> DefaultStackSynthesizer:
    """Templates that CloudFormation takes as they are: no assets, no bootstrap."""
    return DefaultStackSynthesizer(generate_bootstrap_version_rule=False)
