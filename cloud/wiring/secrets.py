"""Where a shared secret is: in a file, or in AWS Secrets Manager."""

from pathlib import Path

from cloud.adapters.file_secret import file_secret
from cloud.ports.secrets import SecretDocument


def open_secret(path: Path, name: str = "") -> SecretDocument:
    """The secret of this name in AWS Secrets Manager; without one the file."""
    if name:
        from cloud.adapters.secrets_manager import (  # noqa: PLC0415 (boto3 comes with the extra `aws`)
            secrets_manager_document,
        )

        return secrets_manager_document(name)
    return file_secret(path)
