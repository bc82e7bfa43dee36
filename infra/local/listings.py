"""Listings: what the stack of a data directory knows, for a person at the keyboard."""

from pathlib import Path
from typing import Any

from cloud.adapters.file_registry import FileModelRegistry
from cloud.adapters.sqlite_log import SqliteReadingLog
from infra.local.errors import LocalError
from infra.local.identities import IdentityFile


class NothingThereError(LocalError):
    """The data directory has never been used."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(f"there is no data in {data_dir}: run `ac-advisor up` or `demo`, or give --data-dir")


def device_list(data_dir: Path) -> list[dict[str, Any]]:
    """Every device that may connect, and its newest reading.

    Raises:
        NothingThereError: No stack has run here.
    """
    log = _open_log(data_dir)
    rows = []
    for identity in IdentityFile(data_dir / "identities.json").all():
        if identity.role == "device":
            latest = log.latest(identity.name)
            rows.append(
                {
                    "device_id": identity.name,
                    "account": identity.account,
                    "last_reading": None if latest is None else latest.sampled_at.isoformat(),
                    "readings_missing": log.missing(identity.name),
                }
            )
    log.close()
    return rows


def model_list(data_dir: Path) -> list[dict[str, Any]]:
    """All versions, oldest first, with the alias that points to each."""
    registry = FileModelRegistry(data_dir / "models")
    aliases: dict[str | None, list[str]] = {}
    for alias in ("champion", "challenger", "previous"):
        aliases.setdefault(registry.resolve(alias), []).append(alias)
    return [
        {
            "version": lineage.version,
            "alias": ", ".join(aliases.get(lineage.version, [])),
            "parent": lineage.parent,
            "made_at": lineage.created_at.isoformat(),
            "rows": lineage.rows,
            "homes": lineage.homes,
            **lineage.metrics,
        }
        for lineage in registry.versions()
    ]


def _open_log(data_dir: Path) -> SqliteReadingLog:
    path = data_dir / "ingest.sqlite"
    if not path.exists():
        raise NothingThereError(data_dir)
    return SqliteReadingLog(path, read_only=True)
