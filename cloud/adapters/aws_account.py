"""An account of AWS as `ac-advisor aws doctor` looks at it: what is deployed, and whether it can work."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final, TypeAlias

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

CONFIG: Final = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "max_attempts": 2})

RULES: Final = ("ac_telemetry", "ac_claims")
POLICY: Final = "ac-advisor-device"

Finding: TypeAlias = tuple[str, str, bool]
"""What was looked at, what was found or how to mend it, and whether it is well."""


def examine(stack: str) -> Iterator[Finding]:
    """Look at everything that the stack should have made; it changes nothing.

    Args:
        stack: Its name in CloudFormation.
    """
    who = _look("credentials", _caller, "have boto3 find credentials and a region")
    yield who
    if not who[2]:
        return
    outputs: dict[str, str] = {}
    deployed = _look("stack", lambda: _outputs(stack, outputs), f"deploy {stack}, or name it: --stack")
    yield deployed
    if not deployed[2]:
        return
    looks: dict[str, tuple[Callable[[], str], str]] = {
        "state": (
            lambda: _table(outputs["State"]),
            "wait, or undo what was changed by hand",
        ),
        "lake": (lambda: _bucket(outputs["Lake"]), "may you read it? the tasks' roles may"),
        "stream": (
            lambda: _stream(outputs["Stream"]),
            "wait, or undo what was changed by hand",
        ),
        "device policy": (_policy, "deploy again: devices get it when they are registered"),
        **{f"rule {name}": (partial(_rule, name), "enable it") for name in RULES},
        "mail": (_mail, "have SES verify the sender, and take the account out of its sandbox"),
    }
    for what, (ask, remedy) in looks.items():
        yield _look(what, ask, remedy)


class _AmissError(Exception):
    """It answers, and is not as it should be."""


def _look(what: str, ask: Callable[[], str], remedy: str) -> Finding:
    try:
        return what, ask(), True
    except (ClientError, BotoCoreError, _AmissError, KeyError) as error:
        return what, f"{error}: {remedy}", False


def _client(service: str) -> Any:  # noqa: ANN401 (boto3 has no types)
    return boto3.client(service, config=CONFIG)


def _caller() -> str:
    client = _client("sts")
    return f"account {client.get_caller_identity()['Account']}, region {client.meta.region_name}"


def _outputs(stack: str, outputs: dict[str, str]) -> str:
    (found,) = _client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    outputs.update({each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", ())})
    return _as("stack", found["StackStatus"], {"CREATE_COMPLETE", "UPDATE_COMPLETE"})


def _table(name: str) -> str:
    client = _client("dynamodb")
    backups = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
    _as("point-in-time recovery", recovery, {"ENABLED"})
    return _as("table", client.describe_table(TableName=name)["Table"]["TableStatus"], {"ACTIVE"})


def _bucket(name: str) -> str:
    client = _client("s3")
    client.list_objects_v2(Bucket=name, Prefix="telemetry/", MaxKeys=1)
    return _as("versioning", client.get_bucket_versioning(Bucket=name).get("Status", "off"), {"Enabled"})


def _stream(name: str) -> str:
    summary = _client("kinesis").describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    return _as("stream", summary["StreamStatus"], {"ACTIVE"})


def _policy() -> str:
    found: str = _client("iot").get_policy(policyName=POLICY)["policyArn"]
    return found


def _rule(name: str) -> str:
    rule = _client("iot").get_topic_rule(ruleName=name)["rule"]
    return _as("rule", "disabled" if rule["ruleDisabled"] else "enabled", {"enabled"})


def _mail() -> str:
    sandbox = not _client("sesv2").get_account()["ProductionAccessEnabled"]
    return _as("SES", "sandbox" if sandbox else "production", {"production"})


def _as(what: str, found: str, good: set[str]) -> str:
    if found not in good:
        raise _AmissError(f"{what} is {found}")
    return f"{what} {found}"
