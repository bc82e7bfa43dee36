"""Ingest on AWS: messages that the IoT rule could not put into the stream, by the queue of its error action.

The contract is AWS's (AWS IoT developer guide, "Error message format"; Lambda developer guide, "Using Lambda
with Amazon SQS" and "Reporting batch item failures"): a record's body is JSON with `topic` and
`base64OriginalPayload`; what is named in `batchItemFailures` comes again, and the rest never.
"""

import binascii
import json
import re
from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from cloud.errors import UnavailableError
from cloud.kinesis_batch import Response, fault_of, judge
from cloud.ports.batches import BatchStore
from cloud.ports.ingest import InboundMessage, Registrations
from cloud.ports.telemetry import IngestCommit

_BASIC_INGEST: Final = re.compile(r"^\$aws/rules/[^/]+/")


def ingest_failures(event: Mapping[str, Any], registrations: Registrations, store: BatchStore) -> Response:
    """Take in a batch of the queue; what is not named in the response is durable, or a dead letter.

    Args:
        event: Lambda's, of an SQS queue.
        registrations: The known devices.
        store: Where everything goes.
    """
    failed: list[str] = []
    for record in sorted(event["Records"], key=_sent_ms):
        try:
            store.keep([_judge(record, registrations)])
        except UnavailableError:
            failed.append(record["messageId"])
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _judge(record: Mapping[str, Any], registrations: Registrations) -> IngestCommit:
    sent_at = datetime.fromtimestamp(_sent_ms(record) / 1000, UTC)
    return judge(*_message(record), registrations, sent_at)


def _message(record: Mapping[str, Any]) -> tuple[InboundMessage, str]:
    """The message that the rule had, or all that can be read of it and what is wrong."""
    queue = str(record["eventSourceARN"]).rpartition(":")[2]
    nowhere = f"sqs/{queue}/{record['messageId']}"
    try:
        failure = json.loads(record["body"])
        topic = _plain(str(failure["topic"]))
        payload = b64decode(failure["base64OriginalPayload"], validate=True)
    except (ValueError, TypeError, KeyError, RecursionError, binascii.Error):
        return InboundMessage(nowhere, record["body"].encode()), "record: not a rule's error message"
    fault = fault_of(topic)
    return InboundMessage(nowhere if fault else topic, payload), fault


def _plain(topic: str) -> str:
    """The topic without Basic Ingest's `$aws/rules/NAME/` in front."""
    return _BASIC_INGEST.sub("", topic)


def _sent_ms(record: Mapping[str, Any]) -> int:
    """When the rule failed [ms since 1970]: the same however often the record comes."""
    return int(record["attributes"]["SentTimestamp"])
