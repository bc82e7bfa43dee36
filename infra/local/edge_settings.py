"""Settings of this machine's gateway, and the file that names the devices behind it."""

import json
from collections.abc import Iterable
from pathlib import Path

from edge.contract import SiteDevice
from infra.local.identities import GATEWAY_ID, IdentityFile, site_name
from infra.local.stack_settings import StackSettings

MAX_BEEPS_PER_HOUR = 4
"""What the gateway lets the advisor change per device and hour."""


def devices_path(data_dir: Path) -> Path:
    """The JSON list of devices behind the gateway."""
    return data_dir / "edge" / "devices.json"


def write_devices(data_dir: Path, devices: Iterable[SiteDevice]) -> None:
    """Register the devices behind the gateway; it reads them when it starts, and when they change."""
    path = devices_path(data_dir)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    named = [each.model_dump(mode="json", exclude_none=True) for each in devices]
    temporary.write_text(json.dumps(named, indent=1))
    temporary.replace(path)


def edge_settings(settings: StackSettings, identities: IdentityFile) -> dict[str, str]:
    """The gateway's environment; site and cloud are two accounts of the same broker."""
    port = str(settings.mqtt_port)
    return {
        "EDGE_DATA_DIR": str(settings.data_dir / "edge"),
        "EDGE_GATEWAY_ID": GATEWAY_ID,
        "EDGE_SITE_PORT": port,
        "EDGE_SITE_PASSWORD": identities.require(site_name(GATEWAY_ID)).password,
        "EDGE_CLOUD_PORT": port,
        "EDGE_CLOUD_PASSWORD": identities.require(GATEWAY_ID).password,
        "EDGE_DEVICES": str(devices_path(settings.data_dir)),
        "EDGE_SHARE_PRESENCE": str(settings.share_presence).lower(),
        "EDGE_TIMEZONE": settings.timezone,
        "EDGE_CLOCK": settings.clock,
        "EDGE_MAX_BEEPS_PER_HOUR": str(MAX_BEEPS_PER_HOUR),
    }
