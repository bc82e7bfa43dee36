"""History of one device for apps: single readings, or what they come to over steps of time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from edge.contract import Mode, Telemetry


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """What a device said in one step of time.

    Attributes:
        end: The end of the step (UTC); a reading at `sampled_at` speaks for the interval that ends there, so
            it belongs to the step (start, end].
        mode: In force at the end; None when no reading of the step has come.
        setpoint_c: In force at the end.
        indoor_dry_bulb_c: Mean of the readings [Cel], as the next two.
        indoor_rh_pct: [%]
        outdoor_dry_bulb_c: [Cel]
        electric_power_w: Mean weighted by the length of the intervals [W].
        electric_energy_kwh: By the device's lifetime counter, so that a reading that is lost loses none; by
            power where there is no counter; None when neither is known [kWh].
    """

    end: datetime
    mode: Mode | None
    setpoint_c: float | None
    indoor_dry_bulb_c: float | None
    indoor_rh_pct: float | None
    outdoor_dry_bulb_c: float | None
    electric_power_w: float | None
    electric_energy_kwh: float | None


class DeviceHistory(Protocol):
    """All that a device has said, however long ago."""

    def readings(self, device_id: str, start: datetime, end: datetime, limit: int) -> list[Telemetry]:
        """The first `limit` readings with start <= sampled_at < end, ascending, one per instant.

        Raises:
            UnavailableError: They cannot be read now.
        """
        ...

    def steps(self, device_id: str, edges: Sequence[datetime]) -> list[HistoryStep]:
        """What was said between each two neighbours of `edges` (ascending), where anything is known.

        Raises:
            UnavailableError: They cannot be read now.
        """
        ...

    def check(self) -> None:
        """Look whether it can be read.

        Raises:
            UnavailableError: It cannot.
        """
        ...
