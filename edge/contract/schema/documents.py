"""The JSON Schema of each message, made from the model that judges it, so that the two cannot differ."""

import json
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from edge.contract.claim import ClaimCode, ClaimRequest, SiteDevices
from edge.contract.event import Event
from edge.contract.shadow import Desired, Reported
from edge.contract.telemetry import Telemetry

DIALECT = "https://json-schema.org/draft/2020-12/schema"

MODELS: dict[str, type[BaseModel]] = {
    "telemetry.json": Telemetry,
    "event.json": Event,
    "shadow_desired.json": Desired,
    "shadow_reported.json": Reported,
    "claim_request.json": ClaimRequest,
    "claim_code.json": ClaimCode,
    "claim_devices.json": SiteDevices,
}
"""File name of a schema, and the model that it describes. `telemetry.json` describes one reading: a payload
is one, or an array of up to `MAX_READINGS_PER_MESSAGE`."""


def documents() -> Iterator[tuple[str, str]]:
    """Name and text of each schema file, in a fixed order."""
    for name, model in MODELS.items():
        yield name, _render({"$schema": DIALECT, **model.model_json_schema()})


def _render(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
