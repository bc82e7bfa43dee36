"""The file in which the tables of offline advice survive a restart: small, and written now and then.

What a crash loses of it is what was learnt in the last minute; it is no reading and no command.
"""

from pathlib import Path

import structlog
from pydantic import TypeAdapter, ValidationError

from edge.contract import DeviceId
from edge.offline import Table

EVERY_S = 60.0
"""Between two writings [s]."""

_tables = TypeAdapter(dict[DeviceId, Table])

log = structlog.get_logger()


class OfflineFile:
    """Reads and writes it; a damaged one counts as none.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written = b""

    def read(self) -> dict[DeviceId, Table]:
        """What was kept."""
        try:
            return _tables.validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValidationError) as error:
            log.warning("offline_advice_not_read", reason=str(error))
            return {}

    def write(self, tables: dict[DeviceId, Table]) -> None:
        """Replace the file at once, if anything in it has changed."""
        said = _tables.dump_json(tables)
        if said == self._written or (not tables and not self._path.exists()):
            return
        temporary = self._path.with_suffix(".new")
        try:
            temporary.write_bytes(said)
            temporary.replace(self._path)
        except OSError as error:
            log.warning("offline_advice_not_written", reason=str(error))
            return
        self._written = said
