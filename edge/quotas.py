"""Quotas of AWS that the gateway's adapters keep to, each with its source; no emulator enforces them."""

from typing import Final

PUBLISHES_PER_S: Final = 100
"""Publishes a second of one connection (AWS General Reference, "AWS IoT Core message broker": inbound publish
requests per second per connection)."""

CONNECT_INTERVAL_S: Final = 1.0
"""Between two CONNECTs of one client id [s] (the same: connect requests per second per client ID, 1)."""

FILTERS_PER_SUBSCRIBE: Final = 8
"""Topic filters in one SUBSCRIBE (the same: subscriptions per subscribe request)."""

UNACKNOWLEDGED_PUBLISHES: Final = 100
"""QoS 1 publishes of one connection that wait for their PUBACK (the same: in-flight messages)."""

RECORDS_PER_CALL: Final = 500
"""Records of one PutRecords (Kinesis Data Streams API Reference, PutRecords)."""

CALL_BYTES: Final = 5 * 1024 * 1024
"""Data and partition keys of one PutRecords [bytes] (the same)."""
