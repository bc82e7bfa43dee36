"""Quotas of AWS that the cloud's adapters keep to, each with its source; moto enforces few."""

from typing import Final

TRANSACTION_TRIES: Final = 8
"""Tries of a transaction that met another one's, or was throttled, before the store counts as away."""

SHADOW_BYTES: Final = 8 * 1024
"""A shadow's document [bytes] (AWS General Reference, "AWS IoT Core Device Shadow": maximum size of a JSON
state document)."""

SHADOW_DEPTH: Final = 8
"""Levels of its `desired` or `reported` (the same: maximum depth of JSON device state documents)."""

SHADOW_REQUESTS_PER_S: Final = 20
"""Requests a second for one thing (the same: API requests per second per device)."""

PAYLOAD_BYTES: Final = 128 * 1024
"""An MQTT payload [bytes] (AWS General Reference, "AWS IoT Core message broker": maximum payload size)."""

TOPIC_SLASHES: Final = 7
"""Slashes in a topic, `$aws/rules/NAME/` in front not counted (the same)."""

TOPIC_BYTES: Final = 256
"""A topic in UTF-8 [bytes] (the same: topic size)."""

THING_NAME_BYTES: Final = 128
"""A thing's name [bytes] (AWS General Reference, "AWS IoT Core thing": maximum thing name size)."""

POLICY_BYTES: Final = 2048
"""A policy's document without white space [bytes] (AWS General Reference, "AWS IoT Core security and
identity": maximum policy document size)."""

POLICIES_PER_PRINCIPAL: Final = 10
"""Policies of one certificate (the same: maximum number of policies that can be attached)."""

SECRET_BYTES: Final = 65_536
"""A secret's value [bytes] (Secrets Manager User Guide, "AWS Secrets Manager quotas")."""

EMF_METRICS: Final = 100
"""Metrics in one EMF document (CloudWatch User Guide, "Specification: Embedded metric format")."""

EMF_DIMENSIONS: Final = 30
"""Dimensions in one set (the same)."""
