"""Forgetting devices: what they said leaves the log and the lake, for good.

The log first: what the sealer has in hand then, the lake refuses. Whoever is killed on the way, the same call
again goes on, and calling it once more changes nothing.
"""

from collections.abc import Collection

import structlog

from cloud.ports.ingest import CompactingLake, Forgetting, Said

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


def forget(said: Said, lake: CompactingLake, device_ids: Collection[str]) -> Forgetting:
    """Remove everything that these devices have said until now; what they say later is kept again.

    Returns:
        The rows that were in the log or in files of the lake (most were in both), and whether none is left.

    Raises:
        UnavailableError: Some of it is still there; forget again.
    """
    up_to = max(said.head(), lake.newest_position())
    in_log = said.forget(device_ids, up_to)
    in_lake = lake.forget(device_ids, up_to)
    log.info("devices_forgotten", devices=len(device_ids), rows_in_log=in_log, rows_in_lake=in_lake.rows)
    return Forgetting(in_log + in_lake.rows, complete=in_lake.complete)
