"""What every `SecretDocument` promises: of two who replace one version one does."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import boto3
import pytest

from cloud.adapters.file_secret import FileSecret, file_secret
from cloud.adapters.secrets_manager import SecretsManagerDocument, secrets_manager_document
from cloud.errors import RejectedError, UnavailableError
from cloud.ports.secrets import SecretDocument
from tests.aws_stub import stubbed

Reopen = Callable[[], SecretDocument]


@pytest.fixture(params=["file", "secrets_manager"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Reopen]:
    """Another process's view of one document that was never written."""
    if request.param == "file":
        yield lambda: file_secret(tmp_path / "sub" / "document")
        return
    request.getfixturevalue("s3_endpoint")
    name = f"keys-{uuid4()}"
    client = boto3.client("secretsmanager")
    client.create_secret(Name=name)
    client.close()
    yield lambda: secrets_manager_document(name)


def test_says_nothing_at_first(reopen: Reopen) -> None:
    assert reopen().read() is None


def test_everybody_reads_what_was_written_last(reopen: Reopen) -> None:
    assert reopen().replace(b"one", "")
    first = reopen().read()
    assert first is not None
    assert reopen().replace(b"two", first[1])

    second = reopen().read()
    assert second is not None
    assert (first[0], second[0]) == (b"one", b"two")
    assert first[1] != second[1]


def test_who_has_not_read_the_newest_is_refused(reopen: Reopen) -> None:
    document = reopen()
    document.replace(b"one", "")
    first = document.read()
    assert first is not None
    document.replace(b"two", first[1])

    assert not reopen().replace(b"three", first[1])
    assert not reopen().replace(b"four", "")

    assert (document.read() or (b"",))[0] == b"two"


def test_of_many_at_once_one_is_served(reopen: Reopen) -> None:
    with ThreadPoolExecutor(8) as pool:
        served = list(pool.map(lambda n: reopen().replace(b"%d" % n, ""), range(8)))

    found = reopen().read()
    assert found is not None
    assert sum(served) == 1
    assert served[int(found[0])]


def test_what_is_not_there_to_be_written_is_unavailable(tmp_path: Path, s3_endpoint: str) -> None:
    for document in (FileSecret(tmp_path / "gone" / "document"), secrets_manager_document("nobody-made-it")):
        with pytest.raises(UnavailableError):
            document.read()
        with pytest.raises(UnavailableError):
            document.replace(b"x", "")


def test_a_secret_has_no_more_bytes_than_aws_takes(reopen: Reopen) -> None:
    if isinstance(reopen(), SecretsManagerDocument):
        with pytest.raises(RejectedError):
            reopen().replace(b"x" * 65_537, "")


@pytest.mark.parametrize("code", ["InternalServiceError", "ThrottlingException", "AccessDeniedException"])
def test_what_is_no_answer_is_unavailable(code: str) -> None:
    with stubbed("secretsmanager") as stub:
        stub.add_client_error("get_secret_value", code)
        stub.add_client_error("put_secret_value", code)
        document = SecretsManagerDocument(stub.client, "keys")

        with pytest.raises(UnavailableError):
            document.read()
        with pytest.raises(UnavailableError):
            document.replace(b"x", "")
