"""What an account of AWS has before anything of ours runs in it, made in moto by a client of the service."""

import json
from typing import Any

from cloud.adapters.aws_account import POLICY
from cloud.iot_policies import own_statements


def make_bucket(s3: Any, name: str) -> None:  # noqa: ANN401 (boto3's clients have no types)
    """A bucket in the region that all tests are in."""
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})


def make_device_policy(iot: Any) -> None:  # noqa: ANN401 (the same)
    """The policy that every device has."""
    document = {"Version": "2012-10-17", "Statement": own_statements("arn:aws:iot:x:1")}
    iot.create_policy(policyName=POLICY, policyDocument=json.dumps(document))
