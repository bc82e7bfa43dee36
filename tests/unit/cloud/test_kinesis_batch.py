import json
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import pytest
from typing_extensions import override

from cloud.adapters.log_batches import LogBatches
from cloud.adapters.memory_telemetry import MemoryReadingLog, MemoryRegistrations
from cloud.errors import UnavailableError
from cloud.kinesis_batch import ingest_batch
from cloud.ports.ingest import Registration
from cloud.ports.telemetry import IngestCommit

ARRIVED = datetime(2025, 7, 1, 12, 1, tzinfo=UTC)
KNOWN = MemoryRegistrations({
    device_id: Registration(gateway_id="gw-1", share_presence=False) for device_id in ("dev-1", "dev-2")
})  # fmt: skip


class Away(MemoryRegistrations):
    """Registrations that cannot be read for one device."""

    @override
    def find(self, device_id: str) -> Registration | None:
        if device_id == "dev-2":
            raise UnavailableError(device_id)
        return KNOWN.find(device_id)


class Full(MemoryReadingLog):
    """A log that has no room."""

    @override
    def commit(self, commit: IngestCommit) -> int:
        raise UnavailableError("full")


def reading(device_id: str = "dev-1", minute: int = 0) -> bytes:
    at = f"2025-07-01T12:{minute:02d}:00Z"
    sent = {"device_id": device_id, "sampled_at": at, "mode": "off", "indoor_dry_bulb_c": 25, "motion": True}
    return json.dumps(sent).encode()


def envelope(topic: str, payload: bytes) -> bytes:
    return json.dumps({"topic": topic, "payload": b64encode(payload).decode()}).encode()


def batch(*data: bytes) -> dict[str, Any]:
    """The event as AWS documents it, with the fields that nobody reads here too."""
    return {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": "dev-1",
                    "sequenceNumber": str(49590338271490256608559692538361571095921575989136588898 + number),
                    "data": b64encode(each).decode(),
                    "approximateArrivalTimestamp": ARRIVED.timestamp(),
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": f"shardId-000000000006:{number}",
                "eventName": "aws:kinesis:record",
                "invokeIdentityArn": "arn:aws:iam::123456789012:role/lambda-role",
                "awsRegion": "us-east-2",
                "eventSourceARN": "arn:aws:kinesis:us-east-2:123456789012:stream/telemetry",
            }
            for number, each in enumerate(data)
        ]
    }


def number_of(event: dict[str, Any], place: int) -> dict[str, str]:
    return {"itemIdentifier": event["Records"][place]["kinesis"]["sequenceNumber"]}


def test_takes_readings_and_names_no_failure() -> None:
    log = MemoryReadingLog()
    event = batch(
        envelope("dt/ac/dev-1/telemetry", reading()),
        envelope("dt/ac/gw-1/batch", b"[" + reading("dev-2") + b"," + reading("dev-1", 5) + b"]"),
    )

    assert ingest_batch(event, KNOWN, LogBatches(log)) == {"batchItemFailures": []}
    assert [logged.reading.device_id for logged in log.readings] == ["dev-1", "dev-2", "dev-1"]
    assert ingest_batch({"Records": []}, KNOWN, LogBatches(log)) == {"batchItemFailures": []}


def test_what_cannot_be_judged_now_is_named_and_what_is_before_it_is_kept() -> None:
    log = MemoryReadingLog()
    event = batch(
        envelope("dt/ac/dev-1/telemetry", reading()),
        envelope("dt/ac/dev-2/telemetry", reading("dev-2")),
        envelope("dt/ac/dev-1/telemetry", reading("dev-1", 5)),
    )

    assert ingest_batch(event, Away(), LogBatches(log)) == {"batchItemFailures": [number_of(event, 1)]}
    assert len(log.readings) == 1

    assert ingest_batch({"Records": event["Records"][1:]}, KNOWN, LogBatches(log)) == {
        "batchItemFailures": []
    }
    assert len(log.readings) == 3


def test_when_the_log_has_no_room_the_whole_batch_comes_again() -> None:
    event = batch(envelope("dt/ac/dev-1/telemetry", reading()), b"junk")

    assert ingest_batch(event, KNOWN, LogBatches(Full())) == {"batchItemFailures": [number_of(event, 0)]}


@pytest.mark.parametrize(("data", "reason"), [
    (b"junk", "not the rule's"),
    (b"\xff\x00", "not the rule's"),
    (b"[]", "not the rule's"),
    (b"7", "not the rule's"),
    (b'{"topic":"dt/ac/dev-1/telemetry","payload":"%%"}', "not the rule's"),
    (b'{"topic":"dt/ac/dev-1/telemetry","payload":7}', "not the rule's"),
    (b"[" * 100_000, "not the rule's"),
    (reading(), "not the rule's"),
    (envelope("dt/ac", reading()), "no topic of ours"),
    (envelope("dt/ac/a/b/telemetry", reading()), "no topic of ours"),
    (envelope("$aws/things/dev-1/shadow/update", reading()), "no topic of ours"),
    (envelope("dt/ac/dev-1/telemetry", b"{"), "JSON"),
    (envelope("dt/ac/dev-2/telemetry", reading()), "is not the publisher"),
])  # fmt: skip
def test_what_is_no_message_is_a_dead_letter_and_blocks_nobody(data: bytes, reason: str) -> None:
    log = MemoryReadingLog()
    event = batch(data, envelope("dt/ac/dev-1/telemetry", reading()))

    assert ingest_batch(event, KNOWN, LogBatches(log)) == {"batchItemFailures": []}

    assert len(log.readings) == 1
    (letter,) = log.letters()
    assert reason in letter.reason
    assert letter.received_at == ARRIVED
    assert letter.principal in {"dev-1", "dev-2"}
    assert b"motion" not in letter.element
