"""Begins processes that log, seal and merge without a pause; for tests that kill them.

For each line on stdin one is forked from this process, which has imported everything: so a life can be much
shorter than an import. It tells on stdout when it begins, what it has acknowledged, and when it merges.
"""

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

from typing_extensions import override

from cloud.adapters.parquet_lake import ParquetLake
from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.lake_sealer import LakeSealer, SealPolicy
from cloud.ports.telemetry import IngestCommit
from edge.contract import Telemetry

DEVICES = ("dev-0", "dev-1", "dev-2", "dev-3")
START = datetime(2025, 7, 1, tzinfo=UTC)
STEP = timedelta(hours=2)
"""Twelve runs a day, so that each day is merged both while it goes on and when it is over."""


def readings_of(round_: int) -> list[Telemetry]:
    """What the devices say in a round."""
    return [
        Telemetry(
            device_id=device_id,
            sampled_at=START + round_ * STEP,
            mode="cool",
            setpoint_c=24.0,
            indoor_dry_bulb_c=25.0,
            seq=round_,
        )
        for device_id in DEVICES
    ]


class ToldLake(ParquetLake):
    """Tells when it merges."""

    @override
    def _merge(self, files: Sequence[object]) -> int:
        tell("merging")
        merged = super()._merge(files)  # type: ignore[arg-type]  # files of the lake
        tell("merged")
        return merged


def tell(what: str) -> None:
    """One line at once, whole even when a kill follows."""
    os.write(sys.stdout.fileno(), f"{what}\n".encode())


def live(folder: Path) -> None:
    """Log, seal and merge until killed."""
    log = SqliteReadingLog(folder / "ingest.sqlite")
    lake = ToldLake(folder / "lake", grace_s=0.2)
    sealer = LakeSealer(log, lake, SealPolicy(rows=1, interval_s=0.0))
    tell(f"born {os.getpid()}")
    while True:
        round_ = log.head() // len(DEVICES)
        log.commit(IngestCommit(readings_of(round_)))
        tell(f"acknowledged {round_}")
        sealer.step(Event())
        lake.sweep()


def main() -> None:
    """Fork a life for each line."""
    for _ in sys.stdin:
        child = os.fork()
        if not child:
            live(Path(sys.argv[1]))
        os.waitpid(child, 0)
        tell("dead")


if __name__ == "__main__":
    main()
