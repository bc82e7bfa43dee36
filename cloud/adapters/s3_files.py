"""The lake's files in a bucket of S3, or of what speaks its language.

An object appears whole; `If-None-Match: *` lets only the first writer make it, so that versions of the
manifest are told apart as on a disk. Queries run here, over copies of the objects that they need.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from typing_extensions import override

from cloud.adapters.lake_files import LakeFiles
from cloud.errors import NotFoundError, UnavailableError

MAX_DELETE: Final = 1000
"""Objects in one DeleteObjects request (S3 API reference)."""

DOWNLOADS: Final = 8
"""Objects that are fetched at a time."""

CONFIG: Final = Config(connect_timeout=5, read_timeout=30, retries={"max_attempts": 5, "mode": "standard"})
_TAKEN: Final = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
_MISSING: Final = frozenset({"NoSuchKey", "404"})


class S3Files(LakeFiles):
    """Objects below a prefix of a bucket; any number of processes and machines.

    Args:
        client: S3.
        bucket: It has to exist.
        prefix: In front of every name; empty, or ends with a slash.
    """

    def __init__(self, client: Any, bucket: str, prefix: str = "") -> None:  # noqa: ANN401 (boto3 has no types)
        self.client = client
        self.bucket = bucket
        self._prefix = prefix

    def __reduce__(self) -> tuple[Callable[..., "S3Files"], tuple[str, str, str, str]]:
        """Another process has a client of its own, with its own credentials."""
        meta = self.client.meta
        return _elsewhere, (meta.endpoint_url, meta.region_name, self.bucket, self._prefix)

    @override
    def create(self, name: str, data: bytes) -> bool:
        try:
            self.client.put_object(Bucket=self.bucket, Key=self._prefix + name, Body=data, IfNoneMatch="*")
        except ClientError as error:
            if _code(error) in _TAKEN:
                return self._is_ours(name, data, error)
            raise UnavailableError(f"lake: {error}") from error
        except BotoCoreError as error:
            raise UnavailableError(f"lake: {error}") from error
        return True

    @override
    def read(self, name: str) -> bytes:
        try:
            answer = self.client.get_object(Bucket=self.bucket, Key=self._prefix + name)
            data: bytes = answer["Body"].read()
        except ClientError as error:
            if _code(error) in _MISSING:
                raise NotFoundError("file of the lake", name) from error
            raise UnavailableError(f"lake: {error}") from error
        except BotoCoreError as error:
            raise UnavailableError(f"lake: {error}") from error
        return data

    @override
    def names(self, prefix: str = "", after: str = "") -> list[str]:
        request = {"Bucket": self.bucket, "Prefix": self._prefix + prefix}
        if after:
            request["StartAfter"] = self._prefix + after
        try:
            pages = list(self.client.get_paginator("list_objects_v2").paginate(**request))
        except (ClientError, BotoCoreError) as error:
            raise UnavailableError(f"lake: {error}") from error
        keys = [each["Key"] for page in pages for each in page.get("Contents", ())]
        return sorted(key.removeprefix(self._prefix) for key in keys)

    @override
    def remove(self, names: Sequence[str]) -> None:
        for start in range(0, len(names), MAX_DELETE):
            self._remove([{"Key": self._prefix + name} for name in names[start : start + MAX_DELETE]])

    @contextmanager
    @override
    def local(self, names: Sequence[str]) -> Iterator[list[str]]:
        with tempfile.TemporaryDirectory(prefix="lake-") as folder:
            paths = [Path(folder) / f"{number}.parquet" for number in range(len(names))]
            with ThreadPoolExecutor(DOWNLOADS) as pool:
                list(pool.map(self._fetch, names, paths))
            yield [str(path) for path in paths]

    @override
    def close(self) -> None:
        self.client.close()

    def _fetch(self, name: str, path: Path) -> None:
        path.write_bytes(self.read(name))

    def _remove(self, objects: Sequence[dict[str, str]]) -> None:
        try:
            answer = self.client.delete_objects(
                Bucket=self.bucket, Delete={"Objects": objects, "Quiet": True}
            )
        except (ClientError, BotoCoreError) as error:
            raise UnavailableError(f"lake: {error}") from error
        if answer.get("Errors"):
            raise UnavailableError(f"lake: {answer['Errors'][0].get('Code')}: an object was not removed")

    def _is_ours(self, name: str, data: bytes, taken: ClientError) -> bool:
        """Whether an earlier try of the same request has made it, whose answer was lost.

        Raises:
            UnavailableError: Two requests at once; neither is known to have won.
        """
        try:
            return taken.response["ResponseMetadata"].get("RetryAttempts", 0) > 0 and self.read(name) == data
        except NotFoundError as error:
            raise UnavailableError(f"lake: {taken}") from error


def s3_files(url: str, endpoint_url: str | None) -> S3Files:
    """The files below `s3://bucket/prefix`; credentials and region as boto3 finds them.

    Args:
        url: `s3://bucket` or `s3://bucket/prefix`.
        endpoint_url: Of another service than AWS.
    """
    parts = urlsplit(url)
    prefix = parts.path.strip("/")
    client = boto3.client("s3", endpoint_url=endpoint_url, config=CONFIG)
    return S3Files(client, parts.netloc, f"{prefix}/" if prefix else "")


def _elsewhere(endpoint_url: str, region: str, bucket: str, prefix: str) -> S3Files:
    client = boto3.client("s3", endpoint_url=endpoint_url, region_name=region, config=CONFIG)
    return S3Files(client, bucket, prefix)


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
