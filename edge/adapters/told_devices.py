"""The devices that the cloud names to a gateway, in a file: known also after a start without the cloud."""

import json
from pathlib import Path

import structlog
from pydantic import ValidationError

from edge.contract import SiteDevices
from edge.contract.telemetry import describe
from edge.errors import RegistrationError
from edge.registry import load_registry

FILE = "devices_told.json"
EMPTY = "[]"

log = structlog.get_logger()


class ToldDevices:
    """Keeps the list that was told last; what cannot be used is said, and changes nothing.

    Args:
        folder: The gateway's own.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        folder.mkdir(parents=True, exist_ok=True)
        if not self.path.exists():
            self.path.write_text(EMPTY)

    def take(self, payload: bytes) -> bool:
        """Whether it is a list; it is on disk then."""
        temporary = self.path.with_name(f"new_{FILE}")
        try:
            told = SiteDevices.model_validate_json(payload).devices
            named = [each.model_dump(mode="json", exclude_none=True) for each in told]
            temporary.write_text(json.dumps(named, indent=1))
            load_registry(str(temporary), {})
            if temporary.read_bytes() != self.path.read_bytes():
                temporary.replace(self.path)
        except ValidationError as error:
            log.warning("devices_not_taken", reason=describe(error))
            return False
        except (RegistrationError, OSError) as error:
            log.warning("devices_not_taken", reason=str(error))
            return False
        return True
