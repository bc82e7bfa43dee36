"""Schedules: how a device is set through the week, and when what people changed by hand gives way again."""

from collections import Counter
from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from cloud.ports.records import LocalTime, ScheduleRecord, Weekday, device_pk
from cloud.ports.state import Put
from edge.contract import Mode
from edge.contract.quantities import MODES_WITH_SETPOINT, SetpointC
from mobile_api.access import OwnedDevice
from mobile_api.operations import Body, Operations
from mobile_api.services import services

MAX_ENTRIES = 56
"""Eight a day."""

operations = Operations("schedules")


class EntryBody(Body):
    """On some weekdays at a local time, the device is set like this."""

    days: Annotated[tuple[Weekday, ...], Field(min_length=1, max_length=7)] = Field(examples=[["mon", "tue"]])
    at: LocalTime = Field(examples=["22:00"])
    mode: Mode = "cool"
    setpoint_c: SetpointC | None = Field(None, description="Required in cool, heat and auto; else null.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.setpoint_c is not None) != (self.mode in MODES_WITH_SETPOINT):
            msg = f"mode {self.mode} goes {'with' if self.setpoint_c is None else 'without'} a setpoint_c"
            raise ValueError(msg)
        return self


class ScheduleBody(Body):
    """A week; empty: none, and a change by hand gives way at 06:00, 09:00, 17:00 and 22:00."""

    entries: Annotated[tuple[EntryBody, ...], Field(max_length=MAX_ENTRIES)] = ()

    @model_validator(mode="after")
    def _one_at_a_time(self) -> Self:
        times = Counter((day, entry.at) for entry in self.entries for day in entry.days)
        twice = [f"{day} {at}" for (day, at), count in times.items() if count > 1]
        if twice:
            msg = f"two entries at {twice[0]}"
            raise ValueError(msg)
        return self


class ScheduleView(ScheduleBody):
    """The week in force."""

    model_config = ConfigDict(extra="ignore")


@operations.get("/v1/devices/<device_id>/schedule")
def show_schedule(device: OwnedDevice) -> ScheduleView:
    """The week of a device; without entries when none was set."""
    return ScheduleView(**schedule(device).model_dump())


@operations.put("/v1/devices/<device_id>/schedule")
def change_schedule(device: OwnedDevice, body: ScheduleBody) -> ScheduleView:
    """Replace the week of a device; its next entry is the first that is carried out."""
    record = ScheduleRecord.model_validate(body.model_dump())
    services().state.transact(
        [Put(device_pk(device.record.device_id), "schedule", record.model_dump(mode="json"))]
    )
    return ScheduleView(**record.model_dump())


def schedule(device: OwnedDevice) -> ScheduleRecord:
    """The stored week, or an empty one."""
    item = services().state.get(device_pk(device.record.device_id), "schedule")
    return ScheduleRecord() if item is None else ScheduleRecord.model_validate(item.body)
