"""What the program is told by its environment, once for all tasks and functions."""

from dataclasses import dataclass

from aws_cdk import CfnParameter, Stack
from aws_cdk import aws_ecr as ecr
from constructs import Construct

from infra.cdk.storage import MODELS, TELEMETRY, Storage

DATA_DIR = "/tmp/ac-advisor"  # noqa: S108 (the one place where a task of its own may write)
REPOSITORY = "ac-advisor"
POLICY = "ac-advisor-device"
"""`cloud.adapters.aws_account.POLICY`; a test holds the two together."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """What differs between installations; CloudFormation asks for it."""

    image_tag: CfnParameter
    certificate_arn: CfnParameter
    public_url: CfnParameter
    mail_from: CfnParameter
    alarm_email: CfnParameter
    monthly_budget_usd: CfnParameter
    shards: CfnParameter


def parameters(stack: Stack) -> Parameters:
    """The parameters of the stack."""
    return Parameters(
        CfnParameter(stack, "ImageTag", type="String", description="Tag of the image in ECR."),
        CfnParameter(stack, "CertificateArn", type="String", description="Of ACM, for the public name."),
        CfnParameter(
            stack,
            "PublicUrl",
            type="String",
            allowed_pattern="https://[^/?#\\s]+",
            description="How people reach the API, such as https://api.example.org.",
        ),
        CfnParameter(stack, "MailFrom", type="String", description="A sender that SES has verified."),
        CfnParameter(stack, "AlarmEmail", type="String", description="Who hears of alarms."),
        CfnParameter(
            stack, "MonthlyBudgetUsd", type="Number", default=200, description="From 80 % on mail is sent."
        ),
        CfnParameter(
            stack,
            "Shards",
            type="Number",
            default=1,
            min_value=1,
            description="Of the stream, by infra/SCALE.md. At most twice as many at once.",
        ),
    )


def image_repository(scope: Construct) -> ecr.IRepository:
    """Where the image is: the other stack made it."""
    return ecr.Repository.from_repository_name(scope, "Images", REPOSITORY)


def cloud_environment(store: Storage) -> dict[str, str]:
    """`CLOUD_*`, but for secrets."""
    return {
        "CLOUD_DATA_DIR": DATA_DIR,
        "CLOUD_STATE": f"dynamodb://{store.table.table_name}",
        "CLOUD_READINGS": "lake",
        "CLOUD_LAKE": f"s3://{store.lake.bucket_name}/{TELEMETRY}",
        "CLOUD_MODELS": f"s3://{store.models.bucket_name}/{MODELS}",
        "CLOUD_SHADOWS": "aws_iot",
        "CLOUD_WEATHER": "open-meteo",
        "CLOUD_ROLLOUT": "staged",
    }
