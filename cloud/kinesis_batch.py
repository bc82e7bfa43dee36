"""Ingest on AWS: a batch of Kinesis records, as Lambda's event source mapping hands it over, for good.

The contract is AWS's (Lambda developer guide, "Using Lambda with Kinesis" and "Configuring partial batch
response"): records come with base64 data, of one shard, in order; a batch of which something failed is tried
again from the record that is named in `batchItemFailures`, which `ReportBatchItemFailures` asks for. A record
is what the IoT rule makes of a message, since the rule's payload alone would not say who published it:

    SELECT topic() AS topic, encode(*, 'base64') AS payload FROM 'dt/ac/+/telemetry'

Judged by the same `ingest` as on our own broker, and pure: no client of AWS is needed.
"""

import binascii
import json
import re
from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from cloud.errors import UnavailableError
from cloud.ingest import dead_letter, ingest
from cloud.ports.batches import BatchStore
from cloud.ports.ingest import InboundMessage, Registrations
from cloud.ports.telemetry import IngestCommit
from edge.contract import Refusal

KinesisEvent: TypeAlias = Mapping[str, Any]
"""Lambda's event: `Records`, each with `kinesis` (`data`, `sequenceNumber`, `partitionKey`, …)."""

Response: TypeAlias = dict[str, list[dict[str, str]]]
"""`batchItemFailures`: empty, or the sequence number from which to try again."""

_TOPIC: Final = re.compile(r"dt/ac/[A-Za-z0-9:_-]{1,128}/(telemetry|batch|event)")


def ingest_batch(event: KinesisEvent, registrations: Registrations, store: BatchStore) -> Response:
    """Take in a batch; what is not named in the response is durable, or a dead letter, and never comes again.

    Records that cannot be judged now, and all behind them, are left to the next try; so a shard's order is
    kept. A record that no message can be made of is a dead letter: it must not block its shard.

    Args:
        event: Of one shard.
        registrations: The known devices.
        store: Where everything goes.
    """
    judged: list[IngestCommit] = []
    failed = ""
    for record in event["Records"]:
        try:
            judged.append(_judge(record, registrations))
        except UnavailableError:
            failed = record["kinesis"]["sequenceNumber"]
            break
    try:
        if judged:
            store.keep(judged)
    except UnavailableError:
        failed = event["Records"][0]["kinesis"]["sequenceNumber"]
    return {"batchItemFailures": [{"itemIdentifier": failed}] if failed else []}


def judge(
    message: InboundMessage, fault: str, registrations: Registrations, arrived_at: datetime
) -> IngestCommit:
    """What a message brings; the same at each try, since it arrived once.

    Args:
        message: As it was published, or under the record's own name when that cannot be told.
        fault: What is wrong with its envelope; empty when nothing is.
        registrations: The known devices.
        arrived_at: When AWS took it (UTC).

    Raises:
        UnavailableError: It cannot be judged now.
    """
    if not fault:
        return ingest([message], registrations, arrived_at)
    refusal = Refusal(fault, None, message.payload)
    return IngestCommit(dead_letters=[dead_letter(message, refusal, arrived_at)], received_at=arrived_at)


def fault_of(topic: str) -> str:
    """What is wrong with where a message was published; empty for a topic of ours."""
    return "" if _TOPIC.fullmatch(topic) else f"record: no topic of ours: {topic[:200]!r}"


def _judge(record: Mapping[str, Any], registrations: Registrations) -> IngestCommit:
    arrived_at = datetime.fromtimestamp(record["kinesis"]["approximateArrivalTimestamp"], UTC)
    return judge(*_message(record), registrations, arrived_at)


def _message(record: Mapping[str, Any]) -> tuple[InboundMessage, str]:
    """The message in a record, or all that can be read of it and what is wrong."""
    kinesis = record["kinesis"]
    data = b64decode(kinesis["data"])
    stream = str(record["eventSourceARN"]).rpartition("/")[2]
    nowhere = f"kinesis/{stream}/{kinesis['partitionKey']}"
    try:
        envelope = json.loads(data)
        topic, payload = str(envelope["topic"]), b64decode(envelope["payload"], validate=True)
    except (ValueError, TypeError, KeyError, RecursionError, binascii.Error):
        return InboundMessage(nowhere, data), "record: not the rule's {topic, payload}"
    fault = fault_of(topic)
    return InboundMessage(nowhere if fault else topic, payload), fault
