"""What is shown in Home Assistant: as much of a device, its advice and its preferences as people see there.

The fields are those of the cloud's HTTP API, of which others are ignored.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from edge.contract import DeviceId, Fan, Mode

Autonomy: TypeAlias = Literal["observe", "suggest", "one_tap", "auto"]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Latest(_Answer):
    """The newest reading."""

    mode: Mode
    setpoint_c: float | None = None
    indoor_dry_bulb_c: float | None = None
    electric_power_w: float | None = None
    energy_total_kwh: float | None = None
    fan: Fan | None = None


class Device(_Answer):
    """An air conditioner."""

    device_id: DeviceId
    name: str
    latest: Latest | None = None


class Advice(_Answer):
    """A recommendation."""

    advice_id: str
    setpoint_c: float | None
    mode: Mode
    reason: str
    status: str
    valid_until: str
    expected_saving_kwh: float
    saving_interval_kwh: Annotated[list[float], Field(min_length=2, max_length=2)]
    expected_saving_money: float
    saving_interval_money: Annotated[list[float], Field(min_length=2, max_length=2)]
    currency: str


class Preferences(_Answer):
    """What people of a device want; the limits bound the setpoint that Home Assistant offers."""

    autonomy: Autonomy = "suggest"


class Shown(_Answer):
    """One device with all that is shown of it; without advice there is nothing to apply."""

    device: Device
    advice: Advice | None = None
    preferences: Preferences = Preferences()
