"""Settings of the gateway, read once from `EDGE_*`; the defaults run everything on one machine."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from edge.backoff import CAP_S
from edge.contract import DeviceId
from edge.contract.quantities import SetpointC
from edge.home_assistant.place import PLACE_PATTERN
from edge.ports import Policy
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

    uplink: Literal["broker", "aws_iot", "kinesis"] = Field(
        "broker", description="The way up: a broker by password, AWS IoT Core by certificate, or Kinesis."
    )
    cloud_ca_file: Path | None = Field(None, description="PEM that vouches for the cloud's broker; TLS.")
    cloud_cert_file: Path | None = Field(None, description="The gateway's certificate (PEM).")
    cloud_key_file: Path | None = Field(None, description="The certificate's key (PEM).")
    reconnect_max_s: float = Field(
        CAP_S,
        gt=0,
        description="Longest wait between two tries to connect to either broker [s]; many gateways of one"
        " broker should not come back all at once.",
    )
    ingest_rule: str = Field("", description="Rule of AWS IoT Core for Basic Ingest; empty: none.")
    stream: str = Field("", description="Kinesis stream of telemetry, for `kinesis`.")

    devices: str = Field(
        "",
        description="Devices behind this gateway: ids separated by commas, the path of a JSON file, or"
        " `cloud` to ask the cloud for them.",
    )
    find_devices: bool = Field(
        default=True,
        description="Tell the cloud what devices are called that are heard and understood but not registered,"
        " so that the gateway's people can let them in.",
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
    sample_interval_s: float = Field(
        300, ge=1, le=3600, description="Between two readings of a device of another make [s]."
    )
    max_beeps_per_hour: int = Field(
        4, ge=0, description="Changes of a device that the advisor has per hour; people have no limit."
    )
    compressor_min_on_s: float = Field(
        300, ge=0, description="How long the advisor leaves a compressor running that was started [s]."
    )
    compressor_min_off_s: float = Field(
        300, ge=0, description="How long it leaves one standing that was stopped [s]."
    )
    heat_ceiling_c: SetpointC = Field(32, description="Hotter than this indoors, no advice cools less [°C].")
    offline_advice_max_h: float = Field(
        24,
        ge=0,
        description="How long its last advice is applied once the cloud is away [h]; 0: never.",
    )
    spool_max_mb: int = Field(
        512, ge=4, description="What the spool holds [MB]; then the gateway acknowledges nothing more."
    )
    spool_policy: Policy = Field(
        "refuse", description="`oldest_out`: a full spool lets its oldest readings go instead."
    )
    dead_letters_max_mb: int = Field(16, ge=1, description="Refused messages kept [MB]; then the oldest go.")

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.uplink == "kinesis" and not self.stream:
            raise ValueError("stream: needed for the uplink kinesis")
        files = (self.cloud_ca_file, self.cloud_cert_file, self.cloud_key_file)
        if self.uplink == "aws_iot" and None in files:
            raise ValueError("cloud_ca_file, cloud_cert_file, cloud_key_file: needed for the uplink aws_iot")
        return self


class HomeAssistantSettings(BaseSettings):
    """Where Home Assistant's broker is, and whose devices are shown there."""

    model_config = SettingsConfigDict(env_prefix="HA_", extra="forbid", frozen=True)

    api_url: str = Field("http://127.0.0.1:8080", pattern=r"^https?://", description="The cloud's HTTP API.")
    token_file: Path = Field(Path("var/home_assistant.token"), description="Keeps the sign-in.")
    host: str = Field("127.0.0.1", description="The broker that Home Assistant listens to.")
    port: int = Field(1883, description="Its MQTT port.")
    name: str = Field(
        "home-assistant",
        pattern=PLACE_PATTERN,
        description="Of this home there: topics are `ac-advisor/<name>/...`.",
    )
    username: str = Field("", description="Our login there.")
    password: SecretStr = Field(SecretStr(""), description="Our password there.")
    client_id: str = Field("", description="Our MQTT client id there; empty: `ac-advisor-<name>`.")
    refresh_s: float = Field(30, ge=1, description="Between two looks at the cloud [s].")
