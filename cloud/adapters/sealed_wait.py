"""Waiting until the reading log of another process is in the lake."""

import time
from pathlib import Path

from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.errors import UnavailableError

SEAL_POLL_S = 0.02
"""How often the log is asked [s]."""


def wait_until_sealed(path: Path, position: int, timeout_s: float) -> None:
    """Block until the readings up to `position` of the log at `path` are in the lake.

    The running ingest process seals at once when it gets SIGUSR1.

    Raises:
        UnavailableError: Not within `timeout_s`.
    """
    readings = SqliteReadingLog(path, read_only=True)
    deadline = time.monotonic() + timeout_s
    try:
        while (sealed := readings.sealed()) < position:
            if time.monotonic() > deadline:
                raise UnavailableError(f"sealed up to {sealed}, not to {position}, within {timeout_s} s")
            time.sleep(SEAL_POLL_S)
    finally:
        readings.close()
