"""Events: what happened at a device, at the moment that it happened.

Topic `topics.event(device_id)`; at least once, and `(device_id, event_id)` identifies an event.
"""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from edge.contract.quantities import DeviceId, Instant, SchemaVersion

EventKind: TypeAlias = Literal[
    "setpoint_changed", "fault", "boot", "window_open", "window_closed", "command_result"
]


class Event(BaseModel):
    """One occurrence at a device."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", allow_inf_nan=False)

    schema_version: SchemaVersion = 1
    device_id: DeviceId
    event_id: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    occurred_at: Instant
    kind: EventKind
    detail: dict[str, Any] = Field(default_factory=dict[str, Any])
