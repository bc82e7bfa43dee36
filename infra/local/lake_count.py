"""What is in the lake of one machine, counted in the files themselves."""

import signal
from pathlib import Path

from cloud.adapters.sealed_wait import wait_until_sealed
from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.config import CloudSettings
from cloud.errors import UnavailableError
from cloud.wiring.lake import open_lake
from infra.local.child import ChildProcess
from infra.local.errors import LocalError

SEAL_TIMEOUT_S = 60.0
"""A log that is not in the lake by then will not get there [s]."""


class SealError(LocalError):
    """The log could not be moved into the lake."""


def seal(data_dir: Path, ingest: ChildProcess) -> None:
    """Have the running ingest process move everything that it has logged into the lake.

    Raises:
        SealError: It did not.
    """
    path = data_dir / "ingest.sqlite"
    log = SqliteReadingLog(path, read_only=True)
    head = log.head()
    log.close()
    if ingest.is_ready():  # one that is starting would be killed by it, and seals soon anyway
        ingest.signal(signal.SIGUSR1)
    try:
        wait_until_sealed(path, head, SEAL_TIMEOUT_S)
    except UnavailableError as error:
        raise SealError(f"the lake does not follow the log: {error}") from error


def rows_in_lake(data_dir: Path) -> int:
    """Rows, distinct by (device_id, sampled_at)."""
    return open_lake(CloudSettings(data_dir=data_dir)).count_readings()
