"""Settings of the stack of one machine, as the command line gives them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class StackSettings:
    """How the stack of one machine runs.

    Attributes:
        data_dir: Everything is below it.
        web_port: HTTP API and page.
        mqtt_port: Devices, gateways and services.
        clock: `wall`, or `telemetry` when simulated time runs faster than ours.
        decision_interval_s: Time between two decisions for a home [s].
        share_presence: Whether the gateway's people have consented that `motion` leaves the site.
        timezone: Of the gateway's site (IANA name).
        weather: Whose forecasts advice knows: `none`, `open-meteo` or `file:PATH`.
        trains: Whether models are kept good by the schedule of training.
    """

    data_dir: Path
    web_port: int = 8080
    mqtt_port: int = 1883
    clock: Literal["wall", "telemetry"] = "wall"
    decision_interval_s: int = 900
    share_presence: bool = False
    timezone: str = "UTC"
    weather: str = "none"
    trains: bool = False
