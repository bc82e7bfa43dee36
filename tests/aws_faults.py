"""What AWS answers when all is not well, in place of what moto would say: by botocore's events."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse


class KilledError(BaseException):
    """The process is ended while it waits for an answer: out of time, out of memory."""


def refusal(request: AWSPreparedRequest, status: int, body: bytes) -> AWSResponse:
    """An answer without the service; an error of S3 is XML, of the others JSON."""
    kind = "application/xml" if body.startswith(b"<") else "application/x-amz-json-1.0"
    return AWSResponse(request.url, status, {"content-type": kind}, _Raw(body))


@contextmanager
def answered(answer: Callable[..., AWSResponse | None], *services: str) -> Iterator[None]:
    """Every client of these services that is made meanwhile is answered so, or sends when that is None."""
    events = boto3._get_default_session().events
    for service in services:
        events.register(f"before-send.{service}", answer)
    try:
        yield
    finally:
        for service in services:
            events.unregister(f"before-send.{service}", answer)


class _Raw(BytesIO):
    """A body as urllib3 gives it."""

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        yield self.read()
