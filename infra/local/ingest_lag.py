"""How far ingest is behind, by the status that each of its workers writes about once a second."""

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

SILENT: Final = timedelta(seconds=30)
"""A worker that has written nothing for so long is not at work."""


def read_statuses(data_dir: Path) -> dict[str, dict[str, Any]]:
    """The last status of each worker, by its name, as it was written."""
    found = {}
    for path in sorted((data_dir / "run").glob("ingest*.status.json")):
        with suppress(OSError, ValueError):  # gone meanwhile
            found[path.name.removesuffix(".status.json")] = json.loads(path.read_text())
    return found


def lags(data_dir: Path, now: datetime | None = None) -> Iterator[tuple[str, str | None]]:
    """Each worker, and what is wrong with it; None when it keeps up."""
    now = now or datetime.now(UTC)
    for name, status in read_statuses(data_dir).items():
        yield name, _problem(status, now)


def _problem(status: dict[str, Any], now: datetime) -> str | None:
    silent_for = now - datetime.fromisoformat(status["at"])
    if silent_for > SILENT:
        return f"has told nothing for {silent_for.total_seconds():.0f} s: start `ac-advisor up`"
    if not status["connected"]:
        return "does not reach the broker: see log/ingest.log"
    if status["failing_since"] is not None:
        return (
            f"can commit nothing since {status['failing_since']}: see log/ingest.log (disk full, log locked)"
        )
    return None
