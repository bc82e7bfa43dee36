"""The lake in a folder of this machine."""

import time
from collections.abc import Callable
from pathlib import Path

from cloud.adapters.file_lake import GRACE_S, FileLake
from cloud.adapters.lake_files import LocalFiles


class ParquetLake(FileLake):
    """The lake in a folder of this machine; any number of processes.

    Args:
        root: The folder that holds the partitions, such as `lake/telemetry`.
        grace_s: How long a file that was replaced stays for readers that began before [s].
        clock: Seconds since 1970.
    """

    def __init__(
        self, root: Path, *, grace_s: float = GRACE_S, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(LocalFiles(root), grace_s=grace_s, clock=clock)
        self.root = root


def readings_in_lake(lake: ParquetLake) -> int:
    """Rows in the lake, distinct by (device_id, sampled_at): counted in the files, not by a counter."""
    return lake.count_readings()
