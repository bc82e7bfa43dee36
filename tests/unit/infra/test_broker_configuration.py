from pathlib import Path

from edge.contract import MAX_PAYLOAD_BYTES
from infra.local.broker import BrokerSettings, configuration

SUBSCRIPTIONS = 3
"""Of ingest: telemetry, batches and events."""


def test_a_backlog_of_the_largest_messages_does_not_throw_ingest_off(tmp_path: Path) -> None:
    conf = configuration(BrokerSettings(tmp_path, 1, 2, 3), [], "A", "secret")

    in_hand_bytes = SUBSCRIPTIONS * conf["mqtt"]["max_ack_pending"] * MAX_PAYLOAD_BYTES
    assert conf["max_pending"] > in_hand_bytes
