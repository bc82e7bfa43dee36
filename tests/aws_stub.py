"""A client of AWS whose answers a test says beforehand, by botocore's stubs."""

from collections.abc import Iterator
from contextlib import contextmanager

import boto3
from botocore.stub import Stubber


@contextmanager
def stubbed(service: str) -> Iterator[Stubber]:
    """A client of a service, as `stub.client`, until the end of the block."""
    client = boto3.client(service, "eu-west-1", aws_access_key_id="nobody", aws_secret_access_key="nobody")
    with Stubber(client) as stub:
        yield stub
    client.close()
