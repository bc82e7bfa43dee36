"""An uplink straight into a Kinesis stream; what is no telemetry (shadows, claims) goes another way.

A record is what the IoT rule makes of a message: its topic and, in base64, its payload. The partition key is
the id in the topic, so that what one sender says stays in one shard.
"""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from typing_extensions import override

from edge.contract import topics
from edge.errors import UplinkUnavailableError
from edge.ports import Parcel, Uplink
from edge.quotas import CALL_BYTES, RECORDS_PER_CALL

CONFIG = Config(connect_timeout=5, read_timeout=30, retries={"max_attempts": 3, "mode": "standard"})

MAX_TRIES = 6
"""How often what a shard throttled is offered again before the cloud counts as away."""

Record = dict[str, Any]


def kinesis_client(endpoint_url: str | None = None) -> Any:  # noqa: ANN401 (boto3 has no types)
    """A client; credentials and region as boto3 finds them."""
    return boto3.client("kinesis", endpoint_url=endpoint_url, config=CONFIG)


class KinesisUplink(Uplink):
    """An `Uplink` whose acknowledgement means that a shard has the message.

    Args:
        client: Of Kinesis.
        stream_name: The stream of telemetry, batches and events.
        otherwise: The way of all other messages.
        wait: Waits before the n-th repetition, from 1.
    """

    def __init__(
        self,
        client: Any,  # noqa: ANN401 (boto3 has no types)
        stream_name: str,
        otherwise: Uplink,
        wait: Callable[[int], object],
    ) -> None:
        self._client = client
        self._stream_name = stream_name
        self._otherwise = otherwise
        self._wait = wait

    @override
    def send(self, parcels: Sequence[Parcel]) -> None:
        streamed = [parcel for parcel in parcels if parcel.topic.startswith("dt/ac/")]
        for records in _calls([_record(parcel) for parcel in streamed]):
            self._put(records)
        self._otherwise.send([parcel for parcel in parcels if not parcel.topic.startswith("dt/ac/")])

    def _put(self, records: list[Record]) -> None:
        """Offer records until every one is taken; what a sender said after a failed one follows it again."""
        for attempt in range(1, MAX_TRIES + 1):
            records = self._put_once(records)
            if not records:
                return
            self._wait(attempt)
        raise UplinkUnavailableError(f"Kinesis throttles {len(records)} records")

    def _put_once(self, records: list[Record]) -> list[Record]:
        try:
            answer = self._client.put_records(StreamName=self._stream_name, Records=records)
        except (ClientError, BotoCoreError) as error:
            raise UplinkUnavailableError(f"Kinesis: {type(error).__name__}") from error
        again: list[Record] = []
        failed: set[str] = set()
        for record, result in zip(records, answer["Records"], strict=True):
            if "ErrorCode" in result or record["PartitionKey"] in failed:
                failed.add(record["PartitionKey"])
                again.append(record)
        return again


def _record(parcel: Parcel) -> Record:
    envelope = {"topic": parcel.topic, "payload": b64encode(parcel.body).decode()}
    return {"Data": json.dumps(envelope).encode(), "PartitionKey": topics.owner(parcel.topic)}


def _calls(records: Sequence[Record]) -> Iterator[list[Record]]:
    call: list[Record] = []
    size = 0
    for record in records:
        length = len(record["Data"]) + len(record["PartitionKey"])
        if call and (len(call) == RECORDS_PER_CALL or size + length > CALL_BYTES):
            yield call
            call, size = [], 0
        call.append(record)
        size += length
    if call:
        yield call
