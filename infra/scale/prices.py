"""List prices of AWS that the table of `infra.scale` is made from [USD], each with its source.

`seen` says where it was read, by `DATE`. Third parties are no authority: whoever plans with a price reads
AWS's own page first.
"""

from dataclasses import dataclass
from typing import Final

DATE: Final = "2026-11-27"

AWS: Final = "AWS"
UNVERIFIED: Final = f"unverified, {DATE}"


@dataclass(frozen=True, slots=True)
class Price:
    """What one unit costs [USD].

    Attributes:
        usd: The price.
        unit: Of what.
        source: AWS's page that has it.
        seen: Where it was read.
    """

    usd: float
    unit: str
    source: str
    seen: str = UNVERIFIED


IOT: Final = "AWS IoT Core pricing"
KINESIS: Final = "Amazon Kinesis Data Streams pricing"
FARGATE: Final = "AWS Fargate pricing"

CONNECTED: Final = Price(0.08, "million minutes connected", f"{IOT}, examples", AWS)
BASIC_INGEST: Final = Price(0.0, "million messages", "AWS IoT Core Developer Guide, Basic Ingest", AWS)
RULE: Final = Price(0.15, "million rules triggered", IOT)
ACTION: Final = Price(0.15, "million actions", IOT)
SHARD: Final = Price(0.015, "shard-hour", KINESIS, "public repositories that quote it")
PUT_UNIT: Final = Price(0.014, "million PUT units of 25 KB", KINESIS, "public repositories that quote it")
KEPT_A_WEEK: Final = Price(0.02, "shard-hour that keeps records for a week", KINESIS)
STREAM_HOUR: Final = Price(0.04, "hour of a stream on demand", KINESIS)
GB_IN: Final = Price(0.08, "GB into a stream on demand, each record in whole KB", KINESIS)
GB_OUT: Final = Price(0.04, "GB out of it", KINESIS)
GB_KEPT: Final = Price(0.10, "GB-month in it, from the second day on", KINESIS)
INVOCATION: Final = Price(
    0.20, "million invocations", "AWS Lambda pricing", "AWS's page as api-evangelist copied it, 2026-09-20"
)
FUNCTION: Final = Price(0.0000166667, "GB-second", "AWS Lambda pricing", "artillery 2.0.28, prices.js")
WRITE: Final = Price(0.625, "million write units", "Amazon DynamoDB pricing, on demand", AWS)
OBJECT: Final = Price(0.005, "thousand PUT", "Amazon S3 pricing", "devnotes.tech, S3 pricing")
STORED: Final = Price(0.023, "GB-month", "Amazon S3 pricing, Standard", "devnotes.tech, S3 pricing")
CORE: Final = Price(0.04048, "vCPU-hour", FARGATE, "vantage.sh, Fargate pricing")
MEMORY: Final = Price(0.004445, "GB-hour", FARGATE, "vantage.sh, Fargate pricing")
FIXED: Final = Price(
    0.045 + 0.0225,
    "hour of NAT gateway and balancer",
    "Amazon VPC and ELB pricing",
    "basavytix.com, NAT gateway pricing; public repositories that quote the balancer's",
)

ALL: Final = (
    *(CONNECTED, BASIC_INGEST, RULE, ACTION, SHARD, KEPT_A_WEEK, PUT_UNIT, STREAM_HOUR, GB_IN, GB_OUT),
    *(GB_KEPT, INVOCATION, FUNCTION, WRITE, OBJECT, STORED, CORE, MEMORY, FIXED),
)
