"""What AWS IoT Core lets a device or a gateway do: the permissions of our own broker as IoT policies.

A device has the one policy that is deployed, in which its name stands as a variable. A gateway also has
policies of its own, with the devices that are registered behind it: a document is short, so they are several.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from cloud.errors import RejectedError
from cloud.quotas import POLICIES_PER_PRINCIPAL, POLICY_BYTES
from edge.contract import DeviceId, topics

THING_NAME: Final = "${iot:Connection.Thing.ThingName}"
"""The thing whose certificate the connection has; its client id is the same."""

VERBS: Final = ("get", "update", "delete")

Statement = dict[str, Any]


def own_statements(arn: str, name: str = THING_NAME, rule: str = "") -> list[Statement]:
    """What everybody may do on topics of their own.

    Args:
        arn: `arn:aws:iot:REGION:ACCOUNT`.
        name: Whose.
        rule: Of Basic Ingest: then telemetry may go to it directly, too.
    """
    published = [topics.telemetry(name), topics.event(name), topics.batch(name)]
    if rule:
        published += [f"$aws/rules/{rule}/{topic}" for topic in published]
    heard = [f"{topics.claim(name)}/*", topics.shadow(name, "*")]  # a document is short
    attached = {"Bool": {"iot:Connection.Thing.IsAttached": "true"}}
    connect = _allow("iot:Connect", [f"{arn}:client/{name}"]) | {"Condition": attached}
    said = [*published, topics.claim(name), *_shadow_requests(name)]
    return [
        connect,
        _allow("iot:Publish", [f"{arn}:topic/{topic}" for topic in said]),
        _allow("iot:Subscribe", [f"{arn}:topicfilter/{topic}" for topic in heard]),
        _allow("iot:Receive", [f"{arn}:topic/{topic}" for topic in heard]),
    ]


def gateway_documents(arn: str, device_ids: Sequence[DeviceId]) -> list[str]:
    """The further policies of a gateway, for the devices behind it.

    Args:
        arn: `arn:aws:iot:REGION:ACCOUNT`.
        device_ids: Registered behind it.

    Raises:
        RejectedError: More devices than a certificate's policies have room for.
    """
    documents = list(_packed(arn, sorted(device_ids)))
    if len(documents) > POLICIES_PER_PRINCIPAL - 1:
        raise RejectedError(
            f"{len(device_ids)} devices behind one gateway: AWS IoT has room for fewer; use another gateway"
        )
    return documents


def _packed(arn: str, device_ids: Sequence[DeviceId]) -> Iterator[str]:
    """As many devices in each document as there is room for."""
    group: list[DeviceId] = []
    for device_id in device_ids:
        if group and len(_document(arn, [*group, device_id])) > POLICY_BYTES:
            yield _document(arn, group)
            group = []
        group.append(device_id)
    if group:
        yield _document(arn, group)


def _document(arn: str, device_ids: Sequence[DeviceId]) -> str:
    """One statement, since room is scarce: of shadow topics AWS itself lets nobody publish the answers."""
    resources = [resource for each in device_ids for resource in _of_device(arn, each)]
    actions = ["iot:Publish", "iot:Receive", "iot:Subscribe"]
    statement = {"Effect": "Allow", "Action": actions, "Resource": resources}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))


def _of_device(arn: str, device_id: DeviceId) -> list[str]:
    shadow = topics.shadow(device_id, "*")
    said = (topics.telemetry(device_id), topics.event(device_id), shadow)
    return [*(f"{arn}:topic/{topic}" for topic in said), f"{arn}:topicfilter/{shadow}"]


def _shadow_requests(name: str) -> list[str]:
    return [topics.shadow(name, verb) for verb in VERBS]


def _allow(action: str, resources: list[str]) -> Statement:
    return {"Effect": "Allow", "Action": action, "Resource": resources}
