"""Settings of `python -m device_sim`, from `SIM_*` variables; the defaults play 20 homes on one machine."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from pydantic import AwareDatetime, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from device_sim.noise import Split
from device_sim.people.surveyed import Method
from device_sim.wire.dialects.choice import DialectName
from device_sim.wire.packing import MOST_READINGS


class SimulatorSettings(BaseSettings):
    """Which fleet, how fast, and to which broker.

    Attributes:
        homes: Number of homes.
        seed: Seed of homes, people and weather.
        split: Part of the seed.
        climate: A named climate; sizes the machines also when a file gives the weather.
        start: Start of the simulated season.
        days: Its length [d].
        step_s: Length of a step [s].
        speed: Simulated seconds for each real one; 0 as fast as the broker acknowledges.
        readings_per_message: How many readings a device gathers before it sends.
        weather_file: EPW, TMY2, TMY3 or city file instead of the generator.
        timezone: IANA name of the file's place; a city file knows its own.
        occupancy_dir: Folder of occupancy statistics (`people.surveyed`) instead of the generator.
        occupancy_method: Which of its statistics: motion or schedule.
        heat_waves_per_summer: Mean number of severe heat waves on top of the weather.
        host: The broker.
        port: Its MQTT port.
        identities_file: JSON object of passwords by device id.
        password: The password of all devices when there is no such file, or that of `username`.
        dialect: Of which make the devices are.
        connections: How many connections they share; 0 gives each device its own.
        username: The login that may speak for all of them, for shared connections.
        faults_file: JSON list of faults, or a whole fault plan.
        data_dir: Where `run/sim.ready` is written once all devices are connected; empty for nowhere.
    """

    model_config = SettingsConfigDict(env_prefix="SIM_", extra="forbid", frozen=True)

    homes: int = Field(20, ge=1)
    seed: int = 1
    split: Split = "demo"
    climate: str = "hot_dry"
    start: AwareDatetime = datetime(2025, 7, 1, 7, tzinfo=UTC)
    days: int = Field(28, ge=1)
    step_s: int = Field(300, ge=60, le=3600, multiple_of=60)
    speed: float = Field(1.0, ge=0)
    readings_per_message: int = Field(1, ge=1, le=MOST_READINGS)
    weather_file: Path | None = None
    timezone: str = "America/Phoenix"
    occupancy_dir: Path | None = None
    occupancy_method: Method = "schedule"
    heat_waves_per_summer: float = Field(0.0, ge=0.0, le=20.0)
    host: str = "127.0.0.1"
    port: int = 1883
    identities_file: Path | None = None
    password: SecretStr = SecretStr("")
    dialect: DialectName = "native"
    connections: int = Field(0, ge=0, le=1000)
    username: str = ""
    faults_file: Path | None = None
    data_dir: Path | None = None

    @model_validator(mode="after")
    def _has_a_login_for_all(self) -> Self:
        if self.connections and not self.username:
            raise ValueError("SIM_CONNECTIONS needs SIM_USERNAME: a login that may speak for all devices")
        return self
