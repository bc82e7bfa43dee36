"""The stores that the HTTP API serves from: it writes serving state and reads what ingest has logged."""

from pathlib import Path

from cloud.config import CloudSettings
from cloud.device_history import WholeHistory
from cloud.ports.api import ApiStores
from cloud.wiring.lake import open_lake
from cloud.wiring.readings import open_letters, open_readings
from cloud.wiring.state import open_state


def open_stores(data_dir: Path) -> ApiStores:
    """The stores below `data_dir`, or those that `CLOUD_STATE` and `CLOUD_LAKE` name.

    Raises:
        UnavailableError: The serving state cannot be opened. Readings are opened when they are first asked
            for, since ingest makes their file.
    """
    settings = CloudSettings(data_dir=data_dir)
    readings = open_readings(settings)
    history = WholeHistory(log=readings, lake=open_lake(settings))
    return ApiStores(open_state(settings), readings, history, open_letters(settings, read_only=True))
