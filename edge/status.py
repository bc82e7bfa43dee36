"""Status: what the gateway is doing, in a file that anybody may read at any time."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from edge.contract import DeviceId
from edge.ports import Policy


@dataclass(frozen=True, slots=True)
class Status:
    """The gateway at one moment.

    Attributes:
        at: When (UTC).
        gateway_id: Whose status it is.
        site_connected: Whether devices can be heard.
        cloud_connected: Whether the cloud can be reached.
        spooled_readings: Readings on disk that the cloud has not acknowledged.
        spool_size_bytes: All that waits for the cloud [bytes].
        spool_full: Whether devices are not acknowledged because there is no room.
        spool_age_s: How long the oldest entry has waited [s]; 0 when none does.
        spool_policy: What a full spool does.
        dropped_readings: Readings that a full spool has let go, ever.
        forwarded_readings: Readings that the cloud has acknowledged since the start.
        repeats_dropped: Readings that came again with the same content since the start.
        dead_letters: Distinct refused messages on disk.
        refused_commands: Commands that etiquette kept from a device, or that it did not confirm, likewise.
        resent_commands: Commands that were sent again because a device did not confirm, likewise.
        superseded_commands: Commands that were overtaken before their device had done them, likewise.
        offline_advice_age_s: While the cloud is away, how old the advice is that each device may get [s].
    """

    at: datetime
    gateway_id: str
    site_connected: bool
    cloud_connected: bool
    spooled_readings: int
    spool_size_bytes: int
    spool_full: bool
    spool_age_s: float
    spool_policy: Policy
    dropped_readings: int
    forwarded_readings: int
    repeats_dropped: int
    dead_letters: int
    refused_commands: int
    resent_commands: int
    superseded_commands: int
    offline_advice_age_s: Mapping[DeviceId, float]


def write_status(path: Path, status: Status) -> None:
    """Replace the file at once: a reader sees the old status or the new one, never half of it."""
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps({**asdict(status), "at": status.at.isoformat()}, indent=1))
    temporary.replace(path)
