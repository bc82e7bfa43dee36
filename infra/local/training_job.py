"""A training job: a process of its own, so that its memory and threads end with it.

`train` learns from all that the lake holds, `fine_tune` from its newest days; both make a challenger and
promote it only if the gate lets it pass.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, TypeAlias

from cloud.adapters.duckdb_hours import hours_of_parts
from cloud.adapters.file_registry import FileModelRegistry
from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.champion import Champion, package_reservoir
from cloud.config import CloudSettings
from cloud.errors import CloudError
from cloud.finetuning import SEED, Round, fine_tune
from cloud.ports.models import Lineage, StoredVersion
from cloud.serving import Serving
from cloud.training import TrainingParams
from cloud.wiring.lake import open_lake
from cloud.wiring.registry import serving_champion
from infra.local.errors import LocalError
from infra.local.run_folder import RunFolder

WINDOW_DAYS = 28
"""How far fine-tuning looks back [days]."""

LEAD_DAYS = 8
"""Days before the window that its features look back on [days]."""

AFTER_THE_STACK = 100
"""Place of a job in the order of the start: after everything else."""

Kind: TypeAlias = Literal["train", "fine_tune"]


class TrainingError(LocalError):
    """A training job has failed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job made, and whether it serves."""

    version: str
    promoted: bool
    reason: str
    rows: int
    metrics: Mapping[str, float]


def run_job(data_dir: Path, kind: Kind) -> Outcome:
    """Train in this process.

    Raises:
        CloudError: Too little data, or the registry or the lake is not as it should be.
    """
    registry = FileModelRegistry(data_dir / "models")
    champion = serving_champion(registry)
    lake = open_lake(CloudSettings(data_dir=data_dir)).snapshot()
    newest = max(lake.days(), default=None)
    start = None
    if kind == "fine_tune" and newest is not None:
        start = datetime(newest.year, newest.month, newest.day, tzinfo=UTC) - timedelta(
            days=WINDOW_DAYS + LEAD_DAYS
        )
    hours = hours_of_parts(lake.parts(start), longitudes_deg(data_dir))
    version = f"{kind.replace('_', '-')}-{len(registry.versions()):04d}"
    params = TrainingParams()
    made = fine_tune(champion, hours, package_reservoir(), params, version)
    lineage = Lineage(
        version=version,
        parent=champion.version,
        kind=kind,
        created_at=datetime.now(UTC),
        data_start=hours["hour_end_at"].min(),
        data_end=hours["hour_end_at"].max(),
        rows=made.rows,
        homes=hours["device_id"].nunique(),
        parameters={"energy": asdict(params.energy), "override": asdict(params.override)},
        metrics=made.metrics,
        seed=SEED,
    )
    _keep(registry, lineage, made)
    return Outcome(version, made.verdict.promote, made.verdict.reason, made.rows, made.metrics)


def in_own_process(data_dir: Path, kind: Kind, environment: Mapping[str, str]) -> Outcome:
    """Train in a process that ends with its memory.

    Raises:
        TrainingError: It failed; the text is its last line.
    """
    command = [sys.executable, "-m", "infra.local.training_job", str(data_dir), kind]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=dict(environment), stdout=pipe, stderr=pipe, text=True) as job:
        try:
            RunFolder(data_dir).record("training", job.pid, AFTER_THE_STACK)
            answer, said = job.communicate()
        finally:
            job.kill()  # it must not go on writing models when nobody waits for them
    if job.returncode:
        lines = said.strip().splitlines() or ["it said nothing"]
        raise TrainingError(f"training failed: {lines[-1]}")
    return Outcome(**json.loads(answer))


def longitudes_deg(data_dir: Path) -> dict[str, float]:
    """Longitude of every device that has a home [°]; the others are not learnt from."""
    store = SqliteStateStore(data_dir / "state.sqlite")
    try:
        profiles = Serving(store, 0).profiles()
    finally:
        store.close()
    return {device_id: profile.installation.longitude_deg for device_id, profile in profiles.items()}


def _keep(registry: FileModelRegistry, lineage: Lineage, made: Round) -> None:
    challenger: Champion = made.challenger
    registry.add(StoredVersion(lineage, challenger.to_files()))
    if made.verdict.promote:
        registry.promote(lineage.version, made.verdict.reason)
        registry.point("challenger", None)
    else:
        registry.point("challenger", lineage.version)


def main(arguments: list[str]) -> int:
    """`python -m infra.local.training_job DATA_DIR KIND`: prints the outcome as JSON."""
    kind: Kind = "fine_tune" if arguments[1] == "fine_tune" else "train"
    try:
        outcome = run_job(Path(arguments[0]), kind)
    except CloudError as error:
        print(error, file=sys.stderr)  # noqa: T201 (the parent reads it)
        return 1
    print(json.dumps(asdict(outcome)))  # noqa: T201 (the same)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
