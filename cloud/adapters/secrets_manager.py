"""A document in AWS Secrets Manager.

The name of each version is made from that of the one before, and AWS takes a name once: of two who replace
the same version only one is served (Secrets Manager API reference, PutSecretValue, ClientRequestToken).
"""

from typing import Any, Final
from uuid import UUID, uuid5

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from typing_extensions import override

from cloud.errors import RejectedError, UnavailableError
from cloud.ports.secrets import SecretDocument
from cloud.quotas import SECRET_BYTES

CONFIG: Final = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "max_attempts": 5})

_FAMILY: Final = UUID("6d9a0f4c-1f0e-5c8e-9b57-1d5c3a4b7e21")


class SecretsManagerDocument(SecretDocument):
    """A `SecretDocument` for any number of machines.

    Args:
        client: Of Secrets Manager.
        name: Of a secret that exists, with or without a value.
    """

    def __init__(self, client: Any, name: str) -> None:  # noqa: ANN401 (boto3 has no types)
        self.client = client
        self._name = name

    @override
    def read(self) -> tuple[bytes, str] | None:
        try:
            found = self.client.get_secret_value(SecretId=self._name)
        except self.client.exceptions.ResourceNotFoundException:
            if self._exists():
                return None
            raise UnavailableError(f"no secret {self._name!r}") from None
        except (ClientError, BotoCoreError) as error:
            raise UnavailableError(f"secret {self._name!r}: {error}") from error
        return found["SecretString"].encode(), found["VersionId"]

    @override
    def replace(self, content: bytes, over: str) -> bool:
        if len(content) > SECRET_BYTES:
            raise RejectedError(f"a secret of {len(content)} bytes, at most {SECRET_BYTES}")
        version = str(uuid5(_FAMILY, f"{self._name}/{over}"))
        try:
            self.client.put_secret_value(
                SecretId=self._name, SecretString=content.decode(), ClientRequestToken=version
            )
        except self.client.exceptions.ResourceExistsException:
            return False
        except (ClientError, BotoCoreError) as error:
            raise UnavailableError(f"secret {self._name!r}: {error}") from error
        found = self.read()
        return found is not None and found == (content, version)

    def _exists(self) -> bool:
        try:
            self.client.describe_secret(SecretId=self._name)
        except self.client.exceptions.ResourceNotFoundException:
            return False
        except (ClientError, BotoCoreError) as error:
            raise UnavailableError(f"secret {self._name!r}: {error}") from error
        return True


def secrets_manager_document(name: str) -> SecretsManagerDocument:
    """The document of this name; credentials, region and endpoint as boto3 finds them."""
    return SecretsManagerDocument(boto3.client("secretsmanager", config=CONFIG), name)
