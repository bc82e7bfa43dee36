"""The registry of AWS IoT Core: things with a certificate each, and the policies of gateways."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from cloud.errors import NotFoundError, RejectedError, UnavailableError
from cloud.iot_policies import gateway_documents
from cloud.quotas import POLICIES_PER_PRINCIPAL
from edge.contract import DeviceId

CONFIG: Final = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "max_attempts": 5})


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a device proves with who it is; the key is nowhere else.

    Attributes:
        certificate_pem: Goes into `EDGE_CLOUD_CERT_FILE`.
        private_key_pem: Goes into `EDGE_CLOUD_KEY_FILE`.
    """

    certificate_pem: str
    private_key_pem: str = field(repr=False)


class IotThings:
    """Who may connect, and as what.

    Args:
        client: Of `iot`.
        policy: The deployed policy of every device, by name.
        arn: `arn:aws:iot:REGION:ACCOUNT`.
    """

    def __init__(self, client: Any, policy: str, arn: str) -> None:  # noqa: ANN401 (boto3 has no types)
        self.client = client
        self._policy = policy
        self._arn = arn

    def register(self, thing: DeviceId) -> Credentials:
        """Let a device or gateway in, by a new certificate; those that it has had are good no more.

        Raises:
            UnavailableError: It is not certain; register it again.
        """
        try:
            self.client.create_thing(thingName=thing)
            old = self._principals(thing)
            made = self.client.create_keys_and_certificate(setAsActive=True)
            principal = made["certificateArn"]
            self.client.attach_policy(policyName=self._policy, target=principal)
            for name in self._own_policies(thing):
                self.client.attach_policy(policyName=name, target=principal)
            self.client.attach_thing_principal(thingName=thing, principal=principal)
            for each in old:
                self._revoke(thing, each)
        except (ClientError, BotoCoreError) as error:
            raise UnavailableError(f"AWS IoT: {error}") from error
        return Credentials(made["certificatePem"], made["keyPair"]["PrivateKey"])

    def let_speak(self, gateway_id: DeviceId, device_ids: Sequence[DeviceId]) -> None:
        """Let a gateway speak for just these devices.

        Raises:
            NotFoundError: There is no such thing with a certificate.
            RejectedError: More devices than there is room for.
            UnavailableError: It is not certain; say it again.
        """
        documents = gateway_documents(self._arn, device_ids)
        try:
            principals = self._principals(gateway_id)
            if not principals:
                raise NotFoundError("gateway with a certificate", gateway_id)
            had = self._own_policies(gateway_id)
            for number, document in enumerate(documents):
                self._write_policy(_policy_name(gateway_id, number), document, principals)
            for name in had[len(documents) :]:
                self._remove_policy(name)
        except (ClientError, BotoCoreError) as error:
            raise UnavailableError(f"AWS IoT: {error}") from error

    def remove(self, thing: DeviceId) -> None:
        """Let a device or gateway in no more, and leave nothing of it; one that is not there is fine.

        Raises:
            UnavailableError: Something is still there; remove it again.
        """
        try:
            for principal in self._principals(thing):
                self._revoke(thing, principal)
            for name in self._own_policies(thing):
                self._remove_policy(name)
            with suppress(self.client.exceptions.ResourceNotFoundException):
                self.client.delete_thing(thingName=thing)
        except (ClientError, BotoCoreError) as error:
            raise UnavailableError(f"AWS IoT: {error}") from error

    def _principals(self, thing: DeviceId) -> list[str]:
        try:
            found: list[str] = self.client.list_thing_principals(thingName=thing)["principals"]
        except self.client.exceptions.ResourceNotFoundException:
            return []
        return found

    def _revoke(self, thing: DeviceId, principal: str) -> None:
        """First of all it is good no more; a certificate can go only when nothing is attached to it."""
        certificate_id = principal.rpartition("/")[2]
        self.client.update_certificate(certificateId=certificate_id, newStatus="INACTIVE")
        for policy in self.client.list_attached_policies(target=principal)["policies"]:
            self.client.detach_policy(policyName=policy["policyName"], target=principal)
        self.client.detach_thing_principal(thingName=thing, principal=principal)
        self.client.delete_certificate(certificateId=certificate_id)

    def _own_policies(self, thing: DeviceId) -> list[str]:
        """Those of a gateway that there are, in order."""
        names = [_policy_name(thing, number) for number in range(POLICIES_PER_PRINCIPAL - 1)]
        return [name for name in names if self._has_policy(name)]

    def _has_policy(self, name: str) -> bool:
        try:
            self.client.get_policy(policyName=name)
        except self.client.exceptions.ResourceNotFoundException:
            return False
        return True

    def _write_policy(self, name: str, document: str, principals: Sequence[str]) -> None:
        if self._has_policy(name):
            for version in self.client.list_policy_versions(policyName=name)["policyVersions"]:
                if not version["isDefaultVersion"]:  # five are kept at most
                    self.client.delete_policy_version(policyName=name, policyVersionId=version["versionId"])
            self.client.create_policy_version(policyName=name, policyDocument=document, setAsDefault=True)
        else:
            self.client.create_policy(policyName=name, policyDocument=document)
        for principal in principals:
            self.client.attach_policy(policyName=name, target=principal)

    def _remove_policy(self, name: str) -> None:
        for target in self.client.list_targets_for_policy(policyName=name)["targets"]:
            self.client.detach_policy(policyName=name, target=target)
        for version in self.client.list_policy_versions(policyName=name)["policyVersions"]:
            if not version["isDefaultVersion"]:
                self.client.delete_policy_version(policyName=name, policyVersionId=version["versionId"])
        self.client.delete_policy(policyName=name)


def iot_things(policy: str) -> IotThings:
    """The registry of the account; credentials, region and endpoint as boto3 finds them.

    Raises:
        RejectedError: There is no such policy: nothing is deployed here.
        UnavailableError: AWS does not answer.
    """
    client = boto3.client("iot", config=CONFIG)
    try:
        arn: str = client.get_policy(policyName=policy)["policyArn"]
    except client.exceptions.ResourceNotFoundException as error:
        raise RejectedError(f"no IoT policy {policy!r}: deploy first, or name the region") from error
    except (ClientError, BotoCoreError) as error:
        raise UnavailableError(f"AWS IoT: {error}") from error
    return IotThings(client, policy, arn.rpartition(":")[0])


def _policy_name(thing: DeviceId, number: int) -> str:
    """IoT's policy names have no colon."""
    return f"gateway-{thing.replace(':', '.')}-{number}"
