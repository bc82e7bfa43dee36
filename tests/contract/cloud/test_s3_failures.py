"""What S3 answers when all is not well, as moto never does: botocore's stubs in its words."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

import pytest
from botocore.stub import ANY, Stubber

from cloud.adapters.s3_files import S3Files
from cloud.errors import UnavailableError
from tests.aws_stub import stubbed

Ask: TypeAlias = Callable[[S3Files], object]


@pytest.fixture
def stub() -> Iterator[Stubber]:
    with stubbed("s3") as stub:
        yield stub


@pytest.fixture
def files(stub: Stubber) -> S3Files:
    return S3Files(stub.client, "bucket")


@pytest.mark.parametrize("code", ["SlowDown", "InternalError", "AccessDenied", "NoSuchBucket"])
@pytest.mark.parametrize(
    ("operation", "ask"),
    [
        ("put_object", lambda files: files.create("a", b"1")),
        ("get_object", lambda files: files.read("a")),
        ("list_objects_v2", lambda files: files.names()),
        ("delete_objects", lambda files: files.remove(["a"])),
    ],
)
def test_what_is_no_answer_is_unavailable(
    stub: Stubber, files: S3Files, operation: str, ask: Ask, code: str
) -> None:
    stub.add_client_error(operation, code)

    with pytest.raises(UnavailableError):
        ask(files)


def test_an_object_that_is_not_removed_is_said(stub: Stubber, files: S3Files) -> None:
    stub.add_response("delete_objects", {"Errors": [{"Key": "a", "Code": "InternalError"}]})

    with pytest.raises(UnavailableError, match="InternalError"):
        files.remove(["a", "b"])


@pytest.mark.parametrize(("held", "is_ours"), [(b"mine", True), (b"somebody else's", False)])
def test_a_retry_whose_first_try_has_made_the_object_has_won(
    stub: Stubber, files: S3Files, *, held: bytes, is_ours: bool
) -> None:
    meta = {"RetryAttempts": 1}
    stub.add_client_error("put_object", "PreconditionFailed", http_status_code=412, response_meta=meta)
    stub.add_response("get_object", {"Body": _Body(held)}, {"Bucket": "bucket", "Key": "a"})

    assert files.create("a", b"mine") is is_ours


def test_another_maker_has_won(stub: Stubber, files: S3Files) -> None:
    expected = {"Bucket": "bucket", "Key": "a", "Body": ANY, "IfNoneMatch": "*"}
    stub.add_client_error("put_object", "PreconditionFailed", expected_params=expected, http_status_code=412)

    assert not files.create("a", b"mine")


class _Body:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self) -> bytes:
        return self._data
