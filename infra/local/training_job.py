"""A training job: a process of its own, so that its memory and threads end with it.

`train` learns from all that the lake holds, `fine_tune` from its newest days, `hot_fix` from these by trees
that it adds to the champion's; all make a challenger and promote it only if the gate lets it pass.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

from cloud.champion import Champion
from cloud.config import CloudSettings
from cloud.errors import CloudError
from cloud.faulty_days import LeftOut
from cloud.finetuning import SEED, Recipe, Round, fine_tune
from cloud.model_ledger import OnTrialError
from cloud.ports.models import Lineage, ModelRegistry, Note, StoredVersion
from cloud.training import TrainingParams, split
from cloud.trees import TreeParams
from cloud.wiring.registry import open_registry, serving_champion
from infra.local.code_version import code_version
from infra.local.errors import LocalError
from infra.local.home_facts import facts_of
from infra.local.run_folder import RunFolder
from infra.local.training_data import Kind, TrainingData, data_for, data_of

AFTER_THE_STACK = 100
"""Place of a job in the order of the start: after everything else."""

JOB = "training job"
"""By whom a job's moves are in the registry's history."""


class TrainingError(LocalError):
    """A training job has failed."""


class CannotRebuildError(LocalError):
    """A version cannot be made again from its lineage."""

    def __init__(self, version: str, why: str) -> None:
        super().__init__(f"model version {version} cannot be made again: {why}")


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why a job is done.

    Attributes:
        job: Its name in the schedule.
        trigger: What asked for it first.
        reason: In plain words.
    """

    job: str = ""
    trigger: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job made, and whether it serves."""

    version: str
    promoted: bool
    reason: str
    rows: int
    metrics: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A version made again.

    Attributes:
        version: Its name.
        identical: By file, whether it is the same byte for byte.
        code_changes: What makes models now, and did not then, or in another version.
    """

    version: str
    identical: Mapping[str, bool]
    code_changes: Mapping[str, str]


def run_job(data_dir: Path, kind: Kind, occasion: Occasion | None = None) -> Outcome:
    """Train in this process.

    Raises:
        CloudError: Too little data, or the registry or the lake is not as it should be.
    """
    settings = CloudSettings(data_dir=data_dir)
    registry = open_registry(settings)
    champion = serving_champion(registry)
    version = next_name(registry, kind)
    data, params = data_for(data_dir, kind), TrainingParams().on(settings.training_cluster)
    (hours, left_out), learnt_until = data.sound(), _learnt_until(registry, champion.version)
    known = facts_of(data_dir, split(hours, learnt_until).newest if len(hours) else hours)
    known = replace(known, left_out=left_out, learnt_until=learnt_until)
    quick = kind == "hot_fix"
    made = fine_tune(champion, hours, data.reservoir, params, version, quick=quick, known=known)
    lineage = lineage_of(made, data, kind, params, champion.version)
    reason = keep(registry, lineage.model_copy(update=asdict(occasion or Occasion())), made)
    serves = registry.resolve("champion") == version
    return Outcome(version, serves, reason, made.rows, made.metrics)


def rebuild(data_dir: Path, version: str) -> Rebuilt:
    """Make a version again from its lineage, and compare.

    Raises:
        CannotRebuildError: What it was made from is not there any more.
        CloudError: There is no such version, or the registry or the lake is not as it should be.
    """
    registry = open_registry(CloudSettings(data_dir=data_dir))
    stored = registry.load(version)
    lineage = stored.lineage
    if lineage.kind == "base" or lineage.parent is None or not lineage.hours_sha256:
        raise CannotRebuildError(version, "it was not trained here (`python -m infra.local.base_champion`)")
    if lineage.parent not in registry.stages():
        raise CannotRebuildError(version, f"its parent {lineage.parent} was removed")
    data = data_of(data_dir, lineage)
    if (data.digest, data.earlier_digest) != (lineage.hours_sha256, lineage.earlier_sha256):
        why = "the lake has other hours now (late readings, or days and devices that are gone)"
        raise CannotRebuildError(version, why)
    parent = Champion.from_stored(registry.load(lineage.parent))
    params, quick = _params(lineage.parameters), lineage.kind == "hot_fix"
    recipe, (hours, _) = Recipe(parent, data.reservoir, params, version, quick), data.sound()
    made = recipe.judged(split(hours, _learnt_until(registry, lineage.parent)))
    made = recipe.whole(made, hours) if lineage.refitted else made
    files, now = made.to_files(), code_version()
    return Rebuilt(
        version,
        {name: files.get(name) == content for name, content in stored.files.items()},
        {
            name: f"{lineage.code.get(name)} → {now[name]}"
            for name in now
            if lineage.code.get(name) != now[name]
        },
    )


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


def next_name(registry: ModelRegistry, kind: Kind) -> str:
    """A name that no version has or had."""
    made = sum(move.action == "register" for move in registry.history())
    return f"{kind.replace('_', '-')}-{made:04d}"


def lineage_of(made: Round, data: TrainingData, kind: Kind, params: TrainingParams, parent: str) -> Lineage:
    """Where the challenger of a round comes from."""
    hours, left_out = data.sound()
    return Lineage(
        version=made.challenger.version,
        parent=parent,
        kind=kind,
        created_at=datetime.now(UTC),
        data_start=hours["hour_end_at"].min(),
        data_end=hours["hour_end_at"].max(),
        rows=made.rows,
        homes=hours["device_id"].nunique(),
        parameters=asdict(params),
        metrics=made.metrics,
        seed=SEED,
        lake_version=data.lake_version,
        scan_start=data.scan_start,
        scan_end=data.scan_end,
        hours_sha256=data.digest,
        earlier_spans=data.earlier_spans,
        earlier_sha256=data.earlier_digest,
        code=code_version(),
        refitted=made.refitted,
        left_out=_days_by_reason(left_out),
    )


def keep(registry: ModelRegistry, lineage: Lineage, made: Round) -> str:
    """Store a challenger, and let it serve, be tried or be rejected as the gate says; returns why.

    Raises:
        ConflictError: The champion is another one than it was judged against: train again.
    """
    note = Note(JOB, made.verdict.reason, made.verdict.document())
    trained = Note(JOB, f"{lineage.kind} on {lineage.rows} hours of {lineage.homes} homes{_how(lineage)}")
    registry.add(StoredVersion(lineage, made.challenger.to_files()), trained)
    if not made.verdict.promote:
        registry.put(lineage.version, "rejected", note)
        return note.reason
    if CloudSettings().rollout == "staged":
        return _let_try(registry, lineage.version, note)
    registry.promote(lineage.version, note, over=lineage.parent)
    return note.reason


def _let_try(registry: ModelRegistry, version: str, note: Note) -> str:
    """Into the shadow; while somebody else is on trial it waits, in the place of one that waited before."""
    try:
        tried = replace(note, reason=f"into the shadow: {note.reason}")
        registry.put(version, "shadow", tried)
    except OnTrialError as busy:
        tried = replace(note, reason=f"waits, {busy.challenger} is on trial: {note.reason}")
        registry.put(version, "waiting", tried)
    return tried.reason


def _learnt_until(registry: ModelRegistry, champion: str) -> datetime | None:
    """Up to when a champion has learnt of the homes here; the shipped one knows none of them."""
    lineage = registry.lineage(champion)
    return None if lineage.kind == "base" else lineage.data_end


def _days_by_reason(left_out: LeftOut) -> dict[str, int]:
    return {reason: days for reason, (days, _) in left_out.reasons.items()}


def _how(lineage: Lineage) -> str:
    return ", the newest after they were judged on" if lineage.refitted else ""


def _params(parameters: Mapping[str, Any]) -> TrainingParams:
    read = {name: TreeParams(**parameters[name]) for name in ("energy", "override")}
    return replace(TrainingParams(), **read)


def main(arguments: list[str]) -> int:
    """`python -m infra.local.training_job DATA_DIR KIND`: prints the outcome as JSON."""
    kinds: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}
    try:
        outcome = run_job(Path(arguments[0]), kinds[arguments[1]])
    except CloudError as error:
        print(error, file=sys.stderr)  # noqa: T201 (the parent reads it)
        return 1
    print(json.dumps(asdict(outcome)))  # noqa: T201 (the same)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
