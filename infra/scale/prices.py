"""List prices of AWS that the table of `infra.scale` is made from [USD], each with its source.

`checked` is whether it was read in AWS's documentation, by `DATE`; what was not is from memory, and is to be
read again before anybody plans with it.
"""

from dataclasses import dataclass
from typing import Final

DATE: Final = "2026-11-27"


@dataclass(frozen=True, slots=True)
class Price:
    """What one unit costs [USD]."""

    usd: float
    unit: str
    source: str
    checked: bool = False


CONNECTED: Final = Price(0.08, "million minutes connected", "AWS IoT Core pricing, examples", checked=True)
BASIC_INGEST: Final = Price(
    0.0, "million messages", "AWS IoT Core Developer Guide, Basic Ingest", checked=True
)
RULE: Final = Price(0.15, "million rules triggered", "AWS IoT Core pricing")
ACTION: Final = Price(0.15, "million actions", "AWS IoT Core pricing")
SHARD: Final = Price(0.015, "shard-hour", "Amazon Kinesis Data Streams pricing")
PUT_UNIT: Final = Price(0.014, "million PUT units of 25 KB", "Amazon Kinesis Data Streams pricing")
INVOCATION: Final = Price(0.20, "million invocations", "AWS Lambda pricing")
FUNCTION: Final = Price(0.0000166667, "GB-second", "AWS Lambda pricing")
WRITE: Final = Price(0.625, "million write units", "Amazon DynamoDB pricing, on demand", checked=True)
OBJECT: Final = Price(0.005, "thousand PUT", "Amazon S3 pricing")
STORED: Final = Price(0.023, "GB-month", "Amazon S3 pricing, Standard")
CORE: Final = Price(0.04048, "vCPU-hour", "AWS Fargate pricing")
MEMORY: Final = Price(0.004445, "GB-hour", "AWS Fargate pricing")
FIXED: Final = Price(0.045 + 0.0225, "hour of NAT gateway and balancer", "Amazon VPC and ELB pricing")

ALL: Final = (
    *(CONNECTED, BASIC_INGEST, RULE, ACTION, SHARD, PUT_UNIT, INVOCATION, FUNCTION, WRITE, OBJECT, STORED),
    *(CORE, MEMORY, FIXED),
)
