"""Commands: what a person asks of a device, and how far it has got.

A command waits in the inbox; the advisor sends it on; the device confirms it by reporting what was asked
(read-back), or the edge says that it was refused. Its progress is derived from these, so that there is
nothing that could disagree with them.
"""

from datetime import datetime, timedelta
from typing import Literal, Self, TypeAlias

from pydantic import AwareDatetime, Field, model_validator

from cloud.errors import NotFoundError
from cloud.ports.records import INBOX_PK, device_pk
from cloud.ports.state import ABSENT, Put
from edge.contract import Desired, DeviceId, Fan, Mode, RequestedBy, Telemetry
from edge.contract.quantities import Instant, SetpointC
from mobile_api.access import OwnedDevice
from mobile_api.errors import InvalidFieldError
from mobile_api.inbox import append, command_entry
from mobile_api.operations import Answer, Body, Operations, Page, Paging, Shown
from mobile_api.records import CommandRecord
from mobile_api.services import services

CONFIRMATION_TIME = timedelta(minutes=15)
"""What is not confirmed by then (the device's time) will not be: three default reporting intervals."""

SAME_SETPOINT_C = 0.05
"""Setpoints closer than this are the same [K]: half of the finest step of a device."""

ROUNDED_SETPOINT_C = 0.51
"""So far off a device that says that app or voice moved it may have rounded to whole degrees [K]."""

RETENTION = timedelta(days=7)
"""How long the progress of a command can be asked (wall clock)."""

CLOCKS_APART = timedelta(hours=1)
"""The edge may have said so long before the command, by its own clock, that it refuses it."""

Progress: TypeAlias = Literal["queued", "sent", "confirmed", "rejected", "expired"]

operations = Operations("commands")


class CommandBody(Body):
    """What the device shall do; at least one of `mode`, `setpoint_c`, `fan`."""

    mode: Mode | None = None
    setpoint_c: SetpointC | None = None
    fan: Fan | None = None
    until: Instant | None = Field(None, description="When it goes back; absent: the next schedule point.")

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if self.mode is None and self.setpoint_c is None and self.fan is None:
            msg = "ask for at least one of mode, setpoint_c, fan"
            raise ValueError(msg)
        return self


class CommandView(Shown):
    """A command and its progress."""

    command_id: str
    device_id: DeviceId
    asked_at: AwareDatetime
    mode: Mode | None
    setpoint_c: float | None
    fan: Fan | None
    status: Progress = Field(
        description="`confirmed` by read-back; `rejected` by the site; `expired`: neither in time."
    )
    reason: str | None = Field(None, description="Why it was rejected, in one word.")


class CommandList(Shown):
    """Commands of a device, in the order in which they were asked for."""

    items: list[CommandView]


@operations.get("/v1/devices/<device_id>/commands", right="review")
def list_commands(device: OwnedDevice, query: Paging, after: str) -> Page[CommandList]:
    """The commands of the last 7 days, the oldest first."""
    pk = device_pk(device.record.device_id)
    found = services().state.query(pk, prefix="command#", after=after, limit=query.limit + 1)
    items = [_view(CommandRecord.model_validate(item.body)) for item in found[: query.limit]]
    return Page(CommandList(items=items), found[query.limit - 1].sk if len(found) > query.limit else None)


@operations.post("/v1/devices/<device_id>/commands", status=202, right="control")
def send_command(device: OwnedDevice, body: CommandBody) -> Answer[CommandView]:
    """Ask a device to do something; its progress is at `Location`."""
    shown = ask(device, body, "app")
    return Answer(shown, f"/v1/devices/{shown.device_id}/commands/{shown.command_id}")


@operations.get("/v1/devices/<device_id>/commands/<command_id>")
def show_command(device: OwnedDevice, command_id: str) -> CommandView:
    """How far a command has got."""
    return follow(device, command_id)


def last_command(device: OwnedDevice) -> CommandView | None:
    """The newest command of a device."""
    state, pk = services().state, device_pk(device.record.device_id)
    pointer = state.get(pk, "last_command")
    item = None if pointer is None else state.get(pk, f"command#{pointer.body['command_id']}")
    return None if item is None else _view(CommandRecord.model_validate(item.body))


def ask(device: OwnedDevice, body: CommandBody, requested_by: RequestedBy) -> CommandView:
    """Leave a command for the advisor, in the name of whom it comes from.

    Raises:
        InvalidFieldError: `until` is not in the future.
    """
    return _view(_queue(device, body, requested_by))


def follow(device: OwnedDevice, command_id: str) -> CommandView:
    """A command and its progress.

    Raises:
        NotFoundError: There is none.
    """
    item = services().state.get(device_pk(device.record.device_id), f"command#{command_id}")
    if item is None:
        raise NotFoundError("command", command_id)
    return _view(CommandRecord.model_validate(item.body))


def _queue(device: OwnedDevice, body: CommandBody, requested_by: RequestedBy) -> CommandRecord:
    use = services()
    device_id = device.record.device_id
    asked_at = use.device_now(device_id)
    if body.until is not None and body.until <= asked_at:
        raise InvalidFieldError("#/until", "must be in the future")
    key = use.entry_ids.next()
    record = CommandRecord(
        command_id=f"c-{key}",
        device_id=device_id,
        entry_id=key,
        asked_at=asked_at,
        expires_at=min(body.until or asked_at + CONFIRMATION_TIME, asked_at + CONFIRMATION_TIME),
        **body.model_dump(exclude={"until"}),
    )
    desired = Desired(
        **body.model_dump(exclude={"until"}),
        command_id=record.command_id,
        requested_by=requested_by,
        expires_at=body.until,
    )
    entry = command_entry(key, device_id, asked_at, desired.model_dump(mode="json", exclude_none=True))
    pk, gone = device_pk(device_id), use.now() + RETENTION
    use.state.transact(
        [
            append(entry),
            Put(pk, f"command#{record.command_id}", record.model_dump(mode="json"), ABSENT, gone),
            Put(pk, "last_command", {"command_id": record.command_id}, expires_at=gone),
        ]
    )
    return record


def _view(record: CommandRecord) -> CommandView:
    shown = record.model_dump(exclude={"entry_id", "expires_at"})
    status, reason = _progress(record)
    return CommandView(**shown, status=status, reason=reason)


def _progress(record: CommandRecord) -> tuple[Progress, str | None]:
    """How far it has got, and why no further if the site has refused it."""
    use = services()
    # A reading at `asked_at` itself was made before the command.
    after = use.readings.between(record.device_id, record.asked_at + timedelta(milliseconds=1), _end(record))
    if any(_does(reading, record) for reading in after):
        return "confirmed", None
    if (refusal := _refusal(record)) is not None:
        return "rejected", refusal
    if use.device_now(record.device_id) >= record.expires_at:
        return "expired", None
    return ("sent" if use.state.get(INBOX_PK, record.entry_id) is None else "queued"), None


def _refusal(record: CommandRecord) -> str | None:
    """Why the edge has refused it, if it has said so."""
    since = record.asked_at - CLOCKS_APART
    results = services().readings.events_of(record.device_id, "command_result", since)
    own = [event.detail for event in results if event.detail.get("command_id") == record.command_id]
    return next((str(detail.get("reason")) for detail in own if detail.get("result") == "rejected"), None)


def _end(record: CommandRecord) -> datetime:
    return record.expires_at + timedelta(milliseconds=1)


def _does(reading: Telemetry, record: CommandRecord) -> bool:
    """Whether the device reports what was asked."""
    return (
        record.mode in {None, reading.mode}
        and record.fan in {None, reading.fan}
        and _holds_setpoint(reading, record.setpoint_c)
    )


def _holds_setpoint(reading: Telemetry, asked_c: float | None) -> bool:
    if asked_c is None or reading.setpoint_c is None:
        return asked_c is None
    tolerance_c = ROUNDED_SETPOINT_C if reading.changed_by in {"app", "voice"} else SAME_SETPOINT_C
    return abs(reading.setpoint_c - asked_c) < tolerance_c
