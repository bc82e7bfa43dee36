"""The registry of AWS IoT, asked on moto's: who is let in, who no longer, and that nothing is left."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from cloud.adapters.iot_things import IotThings, iot_things
from cloud.errors import NotFoundError, RejectedError
from tests.moto_account import make_device_policy

POLICY = "ac-advisor-device"


@pytest.fixture
def things(s3_endpoint: str) -> Iterator[IotThings]:
    client = boto3.client("iot")
    make_device_policy(client)
    made = iot_things(POLICY)
    yield made
    for name in ("gw:1", "gw-2"):
        made.remove(name)
    client.delete_policy(policyName=POLICY)
    made.client.close()
    client.close()


def policies_of(things: IotThings, name: str) -> list[str]:
    (principal,) = things.client.list_thing_principals(thingName=name)["principals"]
    found = things.client.list_attached_policies(target=principal)["policies"]
    return sorted(each["policyName"] for each in found)


def spoken_for(things: IotThings, name: str) -> list[str]:
    """The devices in the policies of a gateway."""
    documents = [
        json.loads(things.client.get_policy(policyName=each)["policyDocument"])
        for each in policies_of(things, name)
        if each != POLICY
    ]
    resources = [each for one in documents for each in one["Statement"][0]["Resource"]]
    return sorted(each.split("/")[3] for each in resources if each.endswith("/telemetry"))


def test_who_is_registered_has_a_certificate_whose_key_nobody_else_has(things: IotThings) -> None:
    credentials = things.register("gw:1")

    certificate = x509.load_pem_x509_certificate(credentials.certificate_pem.encode())
    key: Any = load_pem_private_key(credentials.private_key_pem.encode(), None)
    assert key.key_size >= 2048
    assert certificate.not_valid_after_utc > certificate.not_valid_before_utc
    assert policies_of(things, "gw:1") == [POLICY]
    assert "PRIVATE" not in repr(credentials)


def test_a_new_certificate_ends_the_old_one_and_keeps_who_is_spoken_for(things: IotThings) -> None:
    things.register("gw-2")
    things.let_speak("gw-2", ["ac-1"])
    (old,) = things.client.list_thing_principals(thingName="gw-2")["principals"]

    things.register("gw-2")

    (new,) = things.client.list_thing_principals(thingName="gw-2")["principals"]
    assert new != old
    assert spoken_for(things, "gw-2") == ["ac-1"]
    with pytest.raises(things.client.exceptions.ResourceNotFoundException):
        things.client.describe_certificate(certificateId=old.rpartition("/")[2])


@pytest.mark.parametrize("name", ["gw:1", "gw-2"])
def test_a_gateway_speaks_for_just_the_devices_that_were_said_last(things: IotThings, name: str) -> None:
    things.register(name)
    for devices in ([f"ac-{n:02d}" for n in range(15)], ["ac-03"], ["ac-04", "ac-05"], [], ["ac-06"]):
        things.let_speak(name, devices)

        assert spoken_for(things, name) == devices


def test_more_devices_than_there_is_room_for_change_nothing(things: IotThings) -> None:
    things.register("gw-2")
    things.let_speak("gw-2", ["ac-1"])

    with pytest.raises(RejectedError, match="another gateway"):
        things.let_speak("gw-2", [f"ac-{n:032d}" for n in range(200)])

    assert spoken_for(things, "gw-2") == ["ac-1"]


def test_nothing_is_left_of_who_was_removed(things: IotThings) -> None:
    things.register("gw-2")
    things.let_speak("gw-2", [f"ac-{n}" for n in range(10)])

    things.remove("gw-2")
    things.remove("gw-2")

    assert things.client.list_certificates()["certificates"] == []
    assert [each["policyName"] for each in things.client.list_policies()["policies"]] == [POLICY]
    assert "gw-2" not in [each["thingName"] for each in things.client.list_things()["things"]]


def test_a_gateway_that_was_never_registered_speaks_for_nobody(things: IotThings) -> None:
    with pytest.raises(NotFoundError):
        things.let_speak("gw-9", ["ac-1"])


def test_where_nothing_is_deployed_it_says_so(things: IotThings) -> None:
    with pytest.raises(RejectedError, match="deploy first"):
        iot_things("elsewhere")
