"""Things: the one policy of every device, with its own name in place of a variable."""

from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iot as iot
from constructs import Construct

from cloud.iot_policies import own_statements
from infra.cdk.ingest import RULE
from infra.cdk.settings import POLICY


def things(scope: Construct) -> None:
    """What `ac-advisor aws register` attaches to a certificate."""
    part, stack = Construct(scope, "Things"), Stack.of(scope)
    statements = own_statements(f"arn:{stack.partition}:iot:{stack.region}:{stack.account}", rule=RULE)
    document: dict[str, Any] = {"Version": "2012-10-17", "Statement": statements}
    iot.CfnPolicy(part, "Policy", policy_name=POLICY, policy_document=document)
    iot.CfnThingType(part, "Type", thing_type_name="air-conditioner")
