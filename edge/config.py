"""Settings of the gateway, read once from `EDGE_*`; the defaults run everything on one machine."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from edge.contract import DeviceId
from edge.contract.quantities import SetpointC
from edge.registry import TimeZone


class EdgeSettings(BaseSettings):
    """Where the gateway finds its two brokers, its devices and its disk."""

    model_config = SettingsConfigDict(env_prefix="EDGE_", extra="forbid", frozen=True)

    data_dir: Path = Field(Path("var/edge"), description="Spool and status live below it.")
    gateway_id: DeviceId = Field("gw-1", description="The gateway's id and its user name on the cloud.")

    site_host: str = Field("127.0.0.1", description="The broker of the devices.")
    site_port: int = Field(1883, description="Its MQTT port.")
    site_username: str = Field("", description="Empty: the gateway's id and `@site`.")
    site_password: SecretStr = Field(SecretStr(""), description="Password on the site.")

    cloud_host: str = Field("127.0.0.1", description="The cloud's broker.")
    cloud_port: int = Field(1883, description="Its MQTT port.")
    cloud_username: str = Field("", description="Empty: the gateway's id.")
    cloud_password: SecretStr = Field(SecretStr(""), description="Password on the cloud.")

    devices: str = Field(
        "", description="Devices behind this gateway: ids separated by commas, or the path of a JSON file."
    )
    share_presence: bool = Field(
        default=False, description="Consent to send `motion`, for devices whose registration does not say."
    )
    timezone: TimeZone = Field("UTC", description="Time zone, for devices whose registration does not say.")
    min_setpoint_c: SetpointC = Field(16, description="Lowest setpoint [°C], likewise.")
    max_setpoint_c: SetpointC = Field(30, description="Highest setpoint [°C], likewise.")

    clock: Literal["wall", "telemetry"] = Field(
        "wall", description="What `now` is for a device: the wall clock, or its newest reading's time."
    )
    max_beeps_per_hour: int = Field(
        4, ge=0, description="Changes of a device that the advisor has per hour; people have no limit."
    )
    spool_max_mb: int = Field(
        512, ge=4, description="What the spool holds [MB]; then the gateway acknowledges nothing more."
    )
    dead_letters_max_mb: int = Field(16, ge=1, description="Refused messages kept [MB]; then the oldest go.")
