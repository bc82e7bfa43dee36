"""What `ac-advisor lake` does and tells."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.config import CloudSettings
from cloud.forgetting import forget
from cloud.ports.ingest import Forgetting
from cloud.wiring.lake import open_lake
from infra.local.listings import NothingThereError


def forget_devices(data_dir: Path, device_ids: Sequence[str]) -> Forgetting:
    """Remove what devices have said until now, while the stack runs or not.

    Raises:
        NothingThereError: No stack has run here.
        UnavailableError: Some of it is still there.
    """
    path = data_dir / "ingest.sqlite"
    if not path.exists():
        raise NothingThereError(data_dir)
    with closing(SqliteReadingLog(path)) as readings:
        return forget(readings, open_lake(CloudSettings(data_dir=data_dir)), device_ids)
