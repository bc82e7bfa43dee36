import json
from base64 import b64encode
from typing import Any

import pytest
from typing_extensions import override

from cloud.adapters.log_batches import LogBatches
from cloud.adapters.memory_telemetry import MemoryReadingLog, MemoryRegistrations
from cloud.errors import UnavailableError
from cloud.ports.ingest import Registration
from cloud.rule_failures import ingest_failures

SENT_MS = 1751371260000
KNOWN = MemoryRegistrations({"dev-1": Registration(None, share_presence=False)})


class Away(MemoryRegistrations):
    """Registrations that cannot be read for one device."""

    @override
    def find(self, device_id: str) -> Registration | None:
        if device_id == "dev-2":
            raise UnavailableError(device_id)
        return KNOWN.find(device_id)


def reading(device_id: str = "dev-1", minute: int = 0) -> bytes:
    at = f"2025-07-01T12:{minute:02d}:00Z"
    return json.dumps(
        {"device_id": device_id, "sampled_at": at, "mode": "off", "indoor_dry_bulb_c": 25}
    ).encode()


def failure(topic: str, payload: bytes) -> str:
    """As AWS documents a rule's error message, with the fields that nobody reads here too."""
    return json.dumps({
        "ruleName": "ac_telemetry",
        "topic": topic,
        "cloudwatchTraceId": "7e146a2c-95b5-6caf-98b9-50e3969734c7",
        "clientId": "dev-1",
        "base64OriginalPayload": b64encode(payload).decode(),
        "failures": [{
            "failedAction": "KinesisAction",
            "failedResource": "telemetry",
            "errorMessage": "Rate exceeded for shard shardId-000000000000",
        }],
    })  # fmt: skip


def queue(*bodies: str) -> dict[str, Any]:
    """Lambda's event of a queue, as AWS documents it."""
    return {
        "Records": [
            {
                "messageId": f"m{number}",
                "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
                "body": body,
                "attributes": {
                    "ApproximateReceiveCount": "1",
                    "SentTimestamp": str(SENT_MS + number),
                    "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                    "ApproximateFirstReceiveTimestamp": str(SENT_MS + 10),
                },
                "messageAttributes": {},
                "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-2:123456789012:rule-failures",
                "awsRegion": "us-east-2",
            }
            for number, body in enumerate(bodies)
        ]
    }


@pytest.mark.parametrize("topic", ["dt/ac/dev-1/telemetry", "$aws/rules/ac_telemetry/dt/ac/dev-1/telemetry"])
def test_what_the_rule_could_not_put_is_taken_in_all_the_same(topic: str) -> None:
    log = MemoryReadingLog()

    response = ingest_failures(queue(failure(topic, reading())), KNOWN, LogBatches(log))

    assert response == {"batchItemFailures": []}
    assert [logged.reading.device_id for logged in log.read_after(0)] == ["dev-1"]


def test_only_what_cannot_be_judged_now_comes_again() -> None:
    log = MemoryReadingLog()
    bodies = [failure(f"dt/ac/{each}/telemetry", reading(each)) for each in ("dev-1", "dev-2", "dev-1")]

    response = ingest_failures(queue(*bodies), Away({}), LogBatches(log))

    assert response == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert len(log.read_after(0)) == 1


@pytest.mark.parametrize(("body", "reason"), [
    ("no json", "not a rule's error message"),
    ('{"topic": "dt/ac/dev-1/telemetry"}', "not a rule's error message"),
    ('{"topic": "dt/ac/dev-1/telemetry", "base64OriginalPayload": "%"}', "not a rule's error message"),
    ("[]", "not a rule's error message"),
    (failure("dt/ac/dev-1/claim", b"{}"), "no topic of ours"),
])  # fmt: skip
def test_what_no_message_can_be_made_of_is_a_dead_letter(body: str, reason: str) -> None:
    log = MemoryReadingLog()

    response = ingest_failures(queue(body), KNOWN, LogBatches(log))

    assert response == {"batchItemFailures": []}
    (letter,) = log.letters()
    assert reason in letter.reason
    assert letter.topic == "sqs/rule-failures/m0"
