"""The stores that the HTTP API serves from: it writes serving state and reads what ingest has logged."""

from dataclasses import dataclass
from pathlib import Path

from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.config import CloudSettings
from cloud.device_history import WholeHistory
from cloud.ports.history import DeviceHistory
from cloud.ports.state import StateStore
from cloud.ports.telemetry import AppReadings, Lake
from cloud.wiring.lake import open_lake


@dataclass(frozen=True, slots=True)
class ApiStores:
    """What the API needs of the cloud."""

    state: StateStore
    readings: AppReadings
    history: DeviceHistory
    lake: Lake


def open_stores(data_dir: Path) -> ApiStores:
    """The stores below `data_dir`, and the lake that `CLOUD_LAKE` names.

    Raises:
        UnavailableError: The serving state cannot be opened. Readings are opened when they are first asked
            for, since ingest makes their file.
    """
    readings = SqliteReadingLog(data_dir / "ingest.sqlite", read_only=True)
    lake = open_lake(CloudSettings(data_dir=data_dir))
    return ApiStores(
        SqliteStateStore(data_dir / "state.sqlite"),
        readings,
        WholeHistory(log=readings, lake=lake),
        lake,
    )
