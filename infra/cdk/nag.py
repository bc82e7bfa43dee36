"""`python -m infra.cdk.nag`: the stacks by cdk-nag's AWS Solutions rules; 1 for what has no reason here."""

import sys
from tempfile import TemporaryDirectory
from typing import Final

from aws_cdk import Acknowledgment, App, Validations
from cdk_nag import AwsSolutionsChecks

from infra.cdk.__main__ import FLAGS
from infra.cdk.stack import images_stack, main_stack

ARN: Final = "arn:<AWS::Partition>"
OURS: Final = "<AWS::Region>:<AWS::AccountId>"

REASONS: Final = {
    "SMG4": "signing keys follow one another by the program; Google's key and the models' are an operator's",
    "SQS3": "it is where what could not be taken in ends, and an alarm tells of the first message",
    f"IAM4[Policy::{ARN}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]": "it writes logs alone",
    "IAM5[Resource::*]": "actions that know no resource, by name in tests/unit/infra/test_templates.py",
    "IAM5[Resource::<StorageLake72898626.Arn>/telemetry/*]": "files of the lake, below their prefix",
    "IAM5[Resource::<StorageModels44005BB0.Arn>/models/*]": "files of the models, below their prefix",
    f"IAM5[Resource::{ARN}:ecs:<AWS::Region>:*:task/<ClusterEB0386A7>/*]": "tasks of our own cluster",
    f"IAM5[Resource::{ARN}:iot:{OURS}:cert/*]": "certificates are made when a device is registered",
    f"IAM5[Resource::{ARN}:iot:{OURS}:policy/*]": "a gateway's policies are made when it is registered",
    f"IAM5[Resource::{ARN}:iot:{OURS}:thing/*]": "things are made when a device is registered",
    f"IAM5[Resource::{ARN}:iot:{OURS}:topic/dt/ac/*/claim/*]": "answers to who asks",
    f"IAM5[Resource::{ARN}:iot:{OURS}:policy/gateway-*]": "a gateway's own, written when its devices change",
    f"IAM5[Resource::{ARN}:ses:{OURS}:identity/*]": "which sender is verified, the template cannot know",
    "COG2": "people choose whether they want a second factor; Cognito is one of two ways in",
    "COG8": "the plan with threat protection is for who runs it to buy",
    "EC23": "the API is public: 443, and 80 which redirects there",
    "ECS2": "environments hold names of tables and buckets; secrets come from Secrets Manager",
    "ELB2": "requests are in the API's own log, without addresses of people",
}
"""By rule, or by rule and what it found, why it is as it should be."""


def main() -> int:
    """The exit status; CDK prints what it found."""
    with TemporaryDirectory() as outdir:
        app = App(outdir=outdir, analytics_reporting=False, context=FLAGS)
        images_stack(app)
        main_stack(app)
        known = [
            Acknowledgment(id=f"AwsSolutions::AwsSolutions-{rule}", reason=reason)
            for rule, reason in REASONS.items()
        ]
        Validations.of(app).acknowledge(*known)
        Validations.of(app).add_plugins(AwsSolutionsChecks(app))
        try:
            app.synth()
        except RuntimeError as error:  # jsii's, of CDK's ValidationFailed
            print(str(error).splitlines()[0], file=sys.stderr)  # noqa: T201 (a command's last line)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
