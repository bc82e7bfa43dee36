"""Serving state in one DynamoDB table, of any number of machines.

An item is an item of the table: `pk` and `sk` are its key (`sk` with a dot in front, for a key may not be
empty), `body` is the JSON text, `expires_at` is in microseconds. DynamoDB removes what has expired when it
likes, by `ttl` in seconds; readers and conditions go by `expires_at`. All reads are strongly consistent.

A write is one TransactWriteItems. botocore gives it a token that is the same at each of its own repetitions,
and AWS does it once: an answer that was lost changes nothing.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from typing_extensions import override

from cloud.adapters.state_items import Row, encode_writes, microseconds
from cloud.errors import ConflictError, RejectedError, UnavailableError
from cloud.ports.state import ABSENT, Item, Put, StateStore, Write
from cloud.quotas import TRANSACTION_TRIES
from cloud.retry import full_jitter_s

CONFIG: Final = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "max_attempts": 6})

SECOND_US: Final = 1_000_000
PAGE: Final = 100
"""Items asked for at a time, at most."""

_MET_ANOTHER: Final = frozenset(
    {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded", "ThrottlingException"}
)
_LIVES: Final = "(attribute_not_exists(expires_at) OR expires_at > :now)"
_GONE: Final = "(attribute_not_exists(pk) OR expires_at <= :now)"

Keyed = dict[str, Any]


def _utc_now() -> datetime:
    return datetime.now(UTC)


class DynamoDbStateStore(StateStore):
    """A `StateStore` for any number of threads, processes and machines.

    Args:
        client: Of DynamoDB.
        table: It has to exist.
        now: The clock that decides what has expired (UTC).
        sleep: Waits so long [s] before a transaction that met another one's is tried again.
    """

    def __init__(
        self,
        client: Any,  # noqa: ANN401 (boto3 has no types)
        table: str,
        now: Callable[[], datetime] = _utc_now,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.client = client
        self._table = table
        self._now = now
        self._sleep = sleep
        self._random = random.Random()  # noqa: S311 (jitter, no secret)

    @override
    def get(self, pk: str, sk: str) -> Item | None:
        try:
            answer = self.client.get_item(TableName=self._table, Key=_key(pk, sk), ConsistentRead=True)
        except (ClientError, BotoCoreError) as error:
            raise UnavailableError(f"state store: {error}") from error
        if "Item" not in answer:
            return None
        row = _row(answer["Item"])
        return None if row.expired(microseconds(self._now())) else row.item()

    @override
    def query(self, pk: str, *, prefix: str = "", after: str = "", limit: int = 100) -> list[Item]:
        if limit <= 0 or (after > prefix and not after.startswith(prefix)):
            return []
        return [row.item() for row in islice(self._rows(pk, prefix, after, limit), limit)]

    @override
    def transact(self, writes: Sequence[Write]) -> None:
        bodies = encode_writes(writes)
        if not writes:
            return
        steps = [_Step(self._table, *each) for each in zip(writes, bodies, strict=True)]
        for attempt in range(1, TRANSACTION_TRIES + 1):
            if self._try(steps):
                return
            self._sleep(full_jitter_s(attempt, self._random))
        raise UnavailableError("state store: others write the same items all the time")

    def close(self) -> None:
        """Give back connections."""
        self.client.close()

    def _rows(self, pk: str, prefix: str, after: str, limit: int) -> Iterator[Row]:
        """What lives, with the prefix and behind `after`, in order."""
        now = microseconds(self._now())
        request = _query(self._table, pk, prefix, after) | {"Limit": min(limit, PAGE)}
        try:
            for page in self.client.get_paginator("query").paginate(**request):
                for row in map(_row, page["Items"]):
                    if not row.sk.startswith(prefix):
                        return
                    if row.sk > after and not row.expired(now):
                        yield row
        except (ClientError, BotoCoreError) as error:
            raise UnavailableError(f"state store: {error}") from error

    def _try(self, steps: list["_Step"]) -> bool:
        """Whether everything was written; if not, it may be tried again.

        Raises:
            ConflictError: A condition does not hold.
            RejectedError: AWS would refuse it each time.
            UnavailableError: Nothing is certain.
        """
        now = microseconds(self._now())
        try:
            self.client.transact_write_items(TransactItems=[step.request(now) for step in steps])
        except self.client.exceptions.TransactionCanceledException as error:
            _learn(steps, [reason.get("Code") for reason in error.response["CancellationReasons"]])
            return False
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationException":
                raise RejectedError(f"state store: {error}") from error
            raise UnavailableError(f"state store: {error}") from error
        except BotoCoreError as error:
            raise UnavailableError(f"state store: {error}") from error
        return True


@dataclass(slots=True)
class _Step:
    """A write as DynamoDB is asked for it.

    Attributes:
        was_expired: What a put without condition found had expired: versions begin anew.
    """

    table: str
    write: Write
    body: str | None
    was_expired: bool = False

    def request(self, now: int) -> Keyed:
        if self.body is None:
            return {"Delete": self._keyed(now) | {"Key": _key(self.write.pk, self.write.sk)}}
        if self.write.if_version == ABSENT or self.was_expired:
            return {"Put": self._keyed(now) | {"Item": self._first()}}
        return {"Update": self._update(now)}

    def learn(self) -> None:
        """The condition did not hold: it was the caller's, or what we took the item for."""
        if self.write.if_version is not None or self.body is None:
            raise ConflictError(self.write.pk, self.write.sk)
        self.was_expired = not self.was_expired

    def _keyed(self, now: int) -> Keyed:
        """Table and condition; of a delete without one only the table."""
        version = self.write.if_version
        if version is None and not self.was_expired:
            return {"TableName": self.table}
        asked: Keyed = {"TableName": self.table, "ExpressionAttributeValues": {":now": _number(now)}}
        if version is None or version == ABSENT:
            return asked | {"ConditionExpression": _GONE}
        asked["ExpressionAttributeValues"][":version"] = _number(version)
        asked["ExpressionAttributeNames"] = {"#version": "version"}
        return asked | {"ConditionExpression": f"#version = :version AND {_LIVES}"}

    def _first(self) -> Keyed:
        item = {"body": {"S": self.body}, "version": _number(1)}
        return _key(self.write.pk, self.write.sk) | item | self._expiry()

    def _expiry(self) -> Keyed:
        if not isinstance(self.write, Put) or self.write.expires_at is None:
            return {}
        at = microseconds(self.write.expires_at)
        return {"expires_at": _number(at), "ttl": _number(-(-at // SECOND_US))}

    def _update(self, now: int) -> Keyed:
        """Counts up what lives, or makes what is not there."""
        asked = self._keyed(now)
        values = asked.get("ExpressionAttributeValues", {":now": _number(now)})
        values |= {":body": {"S": self.body}, ":none": _number(0), ":one": _number(1)}
        values |= {f":{name}": value for name, value in self._expiry().items()}
        sets = "SET #body = :body, #version = if_not_exists(#version, :none) + :one"
        kept = ", expires_at = :expires_at, #ttl = :ttl" if self._expiry() else " REMOVE expires_at, #ttl"
        return {
            "TableName": self.table,
            "Key": _key(self.write.pk, self.write.sk),
            "UpdateExpression": sets + kept,
            "ConditionExpression": asked.get("ConditionExpression", _LIVES),
            "ExpressionAttributeNames": {"#body": "body", "#version": "version", "#ttl": "ttl"},
            "ExpressionAttributeValues": values,
        }


def _learn(steps: Sequence[_Step], codes: Sequence[str | None]) -> None:
    for step, code in zip(steps, codes, strict=True):
        if code == "ConditionalCheckFailed":
            step.learn()
        elif code not in (None, "None", *_MET_ANOTHER):
            raise RejectedError(f"state store: {step.write.pk}/{step.write.sk}: {code}")


def _query(table: str, pk: str, prefix: str, after: str) -> Keyed:
    condition = "pk = :pk AND sk > :sk" if after >= prefix else "pk = :pk AND begins_with(sk, :sk)"
    return {
        "TableName": table,
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": {":pk": {"S": pk}, ":sk": {"S": f".{max(after, prefix)}"}},
        "ConsistentRead": True,
    }


def _key(pk: str, sk: str) -> Keyed:
    return {"pk": {"S": pk}, "sk": {"S": f".{sk}"}}


def _number(value: int) -> dict[str, str]:
    return {"N": str(value)}


def _row(item: Keyed) -> Row:
    expires_at = int(item["expires_at"]["N"]) if "expires_at" in item else None
    return Row(item["pk"]["S"], item["sk"]["S"][1:], item["body"]["S"], int(item["version"]["N"]), expires_at)


def dynamodb_state(table: str, now: Callable[[], datetime] = _utc_now) -> DynamoDbStateStore:
    """The store in a table; credentials, region and endpoint as boto3 finds them."""
    return DynamoDbStateStore(boto3.client("dynamodb", config=CONFIG), table, now)
