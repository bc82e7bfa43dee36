"""Listings: what the stack of a data directory knows, for a person at the keyboard."""

import json
from pathlib import Path
from typing import Any

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
    ages_s = _offline_ages_s(data_dir)
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
                    "offline_advice_age_s": ages_s.get(identity.name),
                }
            )
    log.close()
    return rows


def other_makes(data_dir: Path) -> list[dict[str, Any]]:
    """Devices of other makes that the gateway has heard, and what keeps each one from being understood.

    Raises:
        NothingThereError: The gateway has heard nothing here.
    """
    path = data_dir / "edge" / "neighbours.json"
    if not path.exists():
        raise NothingThereError(data_dir)
    rows: list[dict[str, Any]] = json.loads(path.read_text())
    return [
        {
            "device_id": row["device_id"] or "-",
            "sources": ", ".join(row["sources"]),
            "missing": "; ".join(row["missing"]),
        }
        for row in rows
    ]


def _offline_ages_s(data_dir: Path) -> dict[str, float]:
    """How old the advice is that the gateway has for devices while the cloud is away [s]."""
    try:
        status = json.loads((data_dir / "edge" / "status.json").read_text())
    except (OSError, ValueError):
        return {}
    ages_s: dict[str, float] = status.get("offline_advice_age_s", {})
    return ages_s


def _open_log(data_dir: Path) -> SqliteReadingLog:
    path = data_dir / "ingest.sqlite"
    if not path.exists():
        raise NothingThereError(data_dir)
    return SqliteReadingLog(path, read_only=True)
