"""AWS IoT lets each device and gateway do what our own broker does, and nothing else."""

import json
from fnmatch import fnmatchcase
from itertools import product

import pytest

from cloud.errors import RejectedError
from cloud.iot_policies import THING_NAME, Statement, gateway_documents, own_statements
from cloud.quotas import POLICIES_PER_PRINCIPAL, POLICY_BYTES
from infra.local.broker import Identity, _topics

ARN = "arn:aws:iot:eu-west-1:123456789012"
BEHIND = ["ac-1", "ac:2"]
NAMES = ["gw-1", *BEHIND, "ac-3", "ac-11"]
SUFFIXES = ["telemetry", "batch", "event", "claim"]
ANSWERS = [f"{verb}/{end}" for verb in ("get", "update", "delete") for end in ("accepted", "rejected")]
SHADOW = ["get", "update", "delete"]


def allows(statements: list[Statement], action: str, resource: str, thing: str) -> bool:
    """What AWS would say: any statement with the action and a resource that matches, * and ? being wild."""
    for statement in statements:
        actions = statement["Action"]
        wanted = [actions] if isinstance(actions, str) else actions
        resources = [each.replace(THING_NAME, thing) for each in statement["Resource"]]
        if action in wanted and any(fnmatchcase(resource, each) for each in resources):
            return True
    return False


def of_gateway() -> list[Statement]:
    documents = gateway_documents(ARN, BEHIND)
    return own_statements(ARN) + [each for one in documents for each in json.loads(one)["Statement"]]


@pytest.mark.parametrize(("identity", "statements"), [
    (Identity("gw-1", "", "cloud", "gateway", tuple(BEHIND)), of_gateway()),
    (Identity("ac-3", "", "cloud", "device"), own_statements(ARN)),
])  # fmt: skip
def test_may_publish_and_hear_what_it_may_at_our_own_broker(
    identity: Identity, statements: list[Statement]
) -> None:
    published, heard = _topics(identity)
    for name, suffix in product(NAMES, SUFFIXES):
        own = f"dt/ac/{name}/{suffix}"
        at_our_broker = own.replace("/", ".") in published
        if suffix == "batch" and name == identity.name:
            continue  # one policy for all: a device that is no gateway may send a batch of its own readings
        assert allows(statements, "iot:Publish", f"{ARN}:topic/{own}", identity.name) is at_our_broker, own
    for name, answer in product(NAMES, ["code", "devices"]):
        topic = f"dt/ac/{name}/claim/{answer}"
        for action, kind in (("iot:Subscribe", "topicfilter"), ("iot:Receive", "topic")):
            expected = topic.replace("/", ".") in heard
            assert allows(statements, action, f"{ARN}:{kind}/{topic}", identity.name) is expected, topic
    for name, suffix in product(NAMES, [*SHADOW, *ANSWERS]):
        topic = f"$aws/things/{name}/shadow/{suffix}"
        if suffix in SHADOW:
            expected = topic.replace("/", ".") in published
            assert allows(statements, "iot:Publish", f"{ARN}:topic/{topic}", identity.name) is expected
        else:
            expected = f"{topic.rpartition('/')[0]}/>".replace("/", ".") in heard
            for action, kind in (("iot:Subscribe", "topicfilter"), ("iot:Receive", "topic")):
                assert allows(statements, action, f"{ARN}:{kind}/{topic}", identity.name) is expected, topic


@pytest.mark.parametrize("action", ["iot:Subscribe", "iot:Publish", "iot:Receive"])
@pytest.mark.parametrize("topic", ["#", "dt/ac/#", "dt/ac/+/telemetry", "$aws/things/+/shadow/#", "other"])
def test_may_not_ask_for_what_is_of_everybody(action: str, topic: str) -> None:
    for kind in ("topic", "topicfilter"):
        assert not allows(of_gateway(), action, f"{ARN}:{kind}/{topic}", "gw-1")


def test_basic_ingest_is_for_ones_own_topics() -> None:
    statements = own_statements(ARN, rule="telemetry")
    prefix = f"{ARN}:topic/$aws/rules"

    assert allows(statements, "iot:Publish", f"{prefix}/telemetry/dt/ac/ac-1/telemetry", "ac-1")
    assert not allows(statements, "iot:Publish", f"{prefix}/telemetry/dt/ac/ac-2/telemetry", "ac-1")
    assert not allows(statements, "iot:Publish", f"{prefix}/other/dt/ac/ac-1/telemetry", "ac-1")


def test_connects_under_its_own_name_only() -> None:
    assert allows(own_statements(ARN), "iot:Connect", f"{ARN}:client/ac-1", "ac-1")
    assert not allows(own_statements(ARN), "iot:Connect", f"{ARN}:client/ac-2", "ac-1")


def test_documents_fit_or_the_gateway_is_told() -> None:
    names = [f"ac-{number:032d}" for number in range(200)]
    room = next(n for n in range(1, 200) if not _fits(names[:n])) - 1

    documents = gateway_documents(ARN, names[:room])

    assert max(map(len, documents)) <= POLICY_BYTES
    assert len(documents) == POLICIES_PER_PRINCIPAL - 1
    told = [each for one in documents for each in json.loads(one)["Statement"][0]["Resource"]]
    assert len(told) == len(set(told)) == 4 * room


def _fits(names: list[str]) -> bool:
    try:
        gateway_documents(ARN, names)
    except RejectedError:
        return False
    return True
