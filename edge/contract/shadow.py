"""Device shadow: what is asked of a device (`desired`) and what it confirms (`reported`).

The documents and topics are those of AWS IoT's classic shadow; only the fields inside `state` are ours.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from edge.contract.quantities import ChangedBy, Fan, Instant, Mode, RequestedBy, SetpointC


class _State(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", allow_inf_nan=False)


class Desired(_State):
    """What somebody wants the device to do, until `expires_at`."""

    setpoint_c: SetpointC | None = None
    mode: Mode | None = None
    fan: Fan | None = None
    advice_id: str | None = None
    command_id: str | None = None
    requested_by: RequestedBy | None = None
    expires_at: Instant | None = None


class Reported(_State):
    """What the device does; it echoes `command_id`, and `requested_by` becomes `changed_by`."""

    setpoint_c: SetpointC | None = None
    mode: Mode | None = None
    fan: Fan | None = None
    changed_by: ChangedBy | None = None
    advice_id: str | None = None
    command_id: str | None = None


class ShadowUpdate(BaseModel):
    """The payload of a shadow `update`: null in a field removes it, an absent field stays as it is."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", populate_by_name=True)

    state: dict[str, Any]
    version: int | None = None
    client_token: str | None = Field(None, alias="clientToken")


def update_document(*, desired: Desired | None = None, reported: Reported | None = None) -> bytes:
    """The JSON of an `update` that sets the given sections whole (absent fields are removed by null)."""
    state = {
        name: section.model_dump(mode="json")
        for name, section in (("desired", desired), ("reported", reported))
        if section is not None
    }
    return ShadowUpdate(state=state).model_dump_json(exclude_none=False, include={"state"}).encode()
