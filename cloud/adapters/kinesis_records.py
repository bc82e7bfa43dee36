"""What a Kinesis stream still holds of a span of time, as events of the kind that Lambda is called with."""

from base64 import b64encode
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from cloud.errors import NotFoundError, UnavailableError
from cloud.kinesis_batch import KinesisEvent

RECORDS_A_CALL: Final = 500
SLACK: Final = timedelta(seconds=1)
"""Arrival times are approximate: so much more is read at both ends, and what is outside is left out."""

CONFIG: Final = Config(connect_timeout=5, read_timeout=30, retries={"max_attempts": 8, "mode": "standard"})


class KinesisRecords:
    """A stream; `AWS_ENDPOINT_URL_KINESIS` names another service than AWS.

    Args:
        stream_name: It has to exist.
    """

    def __init__(self, stream_name: str) -> None:
        self._client = boto3.client("kinesis", config=CONFIG)
        self._stream_name = stream_name

    def close(self) -> None:
        """Give back connections."""
        self._client.close()

    def events(self, start: datetime, end: datetime) -> Iterator[KinesisEvent]:
        """The records that arrived at or after `start` and before `end`, shard after shard, in their order.

        A shard that was split or merged comes before those that it became.

        Raises:
            NotFoundError: There is no such stream.
            UnavailableError: The stream cannot be read now; begin again.
        """
        try:
            stream = self._client.describe_stream_summary(StreamName=self._stream_name)
            arn = stream["StreamDescriptionSummary"]["StreamARN"]
            for shard in self._shards():
                for records in self._read(shard["ShardId"], start - SLACK, end + SLACK):
                    within = [each for each in records if start <= each["ApproximateArrivalTimestamp"] < end]
                    if within:
                        yield {"Records": [as_lambda_has_it(each, arn) for each in within]}
        except self._client.exceptions.ResourceNotFoundException as error:
            raise NotFoundError("stream", self._stream_name) from error
        except (ClientError, BotoCoreError) as error:
            raise UnavailableError(f"Kinesis: {error}") from error

    def _shards(self) -> list[dict[str, Any]]:
        """The shards, in the order of their making."""
        request: dict[str, Any] = {"StreamName": self._stream_name}
        shards: list[dict[str, Any]] = []
        while True:
            answer = self._client.list_shards(**request)
            shards += answer["Shards"]
            if not answer.get("NextToken"):
                return sorted(shards, key=lambda shard: str(shard["ShardId"]))
            request = {"NextToken": answer["NextToken"]}

    def _read(self, shard_id: str, start: datetime, end: datetime) -> Iterator[list[dict[str, Any]]]:
        """A shard from `start` on, until `end` or until there is no more."""
        begin: dict[str, Any] = {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": start}
        iterator = self._iterator(shard_id, begin)
        while iterator is not None:
            try:
                answer = self._client.get_records(ShardIterator=iterator, Limit=RECORDS_A_CALL)
            except self._client.exceptions.ExpiredIteratorException:  # whoever took the last ones was slow
                iterator = self._iterator(shard_id, begin)
                continue
            records = answer["Records"]
            yield records
            if records:
                last = records[-1]
                if last["ApproximateArrivalTimestamp"] >= end:
                    return
                number = last["SequenceNumber"]
                begin = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": number}
            elif not answer.get("MillisBehindLatest"):
                return
            iterator = answer.get("NextShardIterator")

    def _iterator(self, shard_id: str, begin: dict[str, Any]) -> str | None:
        answer = self._client.get_shard_iterator(StreamName=self._stream_name, ShardId=shard_id, **begin)
        iterator: str | None = answer.get("ShardIterator")
        return iterator


def as_lambda_has_it(record: dict[str, Any], stream_arn: str) -> dict[str, Any]:
    """A record of `get_records` in the words of a Lambda's event."""
    return {
        "kinesis": {
            "partitionKey": record["PartitionKey"],
            "sequenceNumber": record["SequenceNumber"],
            "data": b64encode(record["Data"]).decode(),
            "approximateArrivalTimestamp": record["ApproximateArrivalTimestamp"].timestamp(),
        },
        "eventSourceARN": stream_arn,
    }
