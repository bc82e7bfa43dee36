"""Preferences: how far advice may go at a device, and what it must keep to."""

from typing import Self

from pydantic import ConfigDict, Field, model_validator

from cloud.ports.records import Autonomy, LocalTime, PreferencesRecord, Priority, device_pk
from cloud.ports.state import ABSENT, Put
from mobile_api.access import OwnedDevice
from mobile_api.operations import Body, Operations
from mobile_api.services import services

operations = Operations("preferences")


class QuietHoursBody(Body):
    """Local times between which the device must not beep; may wrap midnight."""

    start: LocalTime = Field(examples=["22:00"])
    end: LocalTime = Field(examples=["07:00"])

    @model_validator(mode="after")
    def _of_some_length(self) -> Self:
        if self.start == self.end:
            msg = "start and end must differ"
            raise ValueError(msg)
        return self


class PreferencesBody(Body):
    """What the people of a device want."""

    autonomy: Autonomy = Field(
        "suggest",
        description=(
            "How far advice may go. `observe`: nothing is done, and nothing can be accepted. `suggest`: an "
            "advice that is accepted is carried out. `one_tap`: who accepts one lets the advisor go on until "
            "the next schedule point. `auto`: it acts by itself."
        ),
    )
    comfort_or_savings: Priority = Field("comfort", description="What weighs more where both cannot be had.")
    min_setpoint_c: float = Field(16.0, ge=5, le=35, description="Never advise below [Cel].")
    max_setpoint_c: float = Field(30.0, ge=5, le=35, description="Never advise above [Cel].")
    quiet_hours: QuietHoursBody | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min_setpoint_c >= self.max_setpoint_c:
            msg = "min_setpoint_c must be below max_setpoint_c"
            raise ValueError(msg)
        return self


class PreferencesView(PreferencesBody):
    """The preferences in force."""

    model_config = ConfigDict(extra="ignore")


@operations.get("/v1/devices/<device_id>/preferences")
def show_preferences(device: OwnedDevice) -> PreferencesView:
    """The preferences of a device; the defaults when none were set."""
    return PreferencesView(**preferences(device).model_dump())


def preferences_version(device: OwnedDevice) -> int:
    """The version in the store of a device's preferences."""
    item = services().state.get(device_pk(device.record.device_id), "preferences")
    return ABSENT if item is None else item.version


@operations.put("/v1/devices/<device_id>/preferences", version_of=preferences_version)
def change_preferences(device: OwnedDevice, body: PreferencesBody, version: int | None) -> PreferencesView:
    """Replace the preferences of a device."""
    record = PreferencesRecord(**body.model_dump())
    pk = device_pk(device.record.device_id)
    services().state.transact([Put(pk, "preferences", record.model_dump(mode="json"), if_version=version)])
    return PreferencesView(**record.model_dump())


def preferences(device: OwnedDevice) -> PreferencesRecord:
    """The stored preferences, or the defaults."""
    item = services().state.get(device_pk(device.record.device_id), "preferences")
    return PreferencesRecord() if item is None else PreferencesRecord.model_validate(item.body)
