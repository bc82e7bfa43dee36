"""What `ac-advisor models` says: versions, one of them, two side by side, and which may go."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cloud.champion import Champion
from cloud.config import CloudSettings
from cloud.errors import RejectedError
from cloud.model_retention import ALIASES, Retention, fates, shelf
from cloud.ports.models import ModelCatalogue, ModelRegistry, Move, Note
from cloud.serving import Serving
from cloud.wiring.registry import open_registry
from cloud.wiring.state import has_state, open_state
from infra.local.listings import NothingThereError
from infra.local.trial_report import in_a_line, trial_of


def used_registry(data_dir: Path) -> ModelRegistry:
    """The registry of a data directory (or where the settings say).

    Raises:
        NothingThereError: It has no versions yet.
    """
    registry = open_registry(CloudSettings(data_dir=data_dir))
    if not registry.stages():
        raise NothingThereError(data_dir)
    return registry


def version_list(registry: ModelCatalogue, data_dir: Path) -> list[dict[str, Any]]:
    """All versions, oldest first: stage, alias and why; of an altered one what is wrong."""
    reasons = {version: move.reason for move in registry.history() for version in move.stages}
    aliases = {registry.resolve(alias): alias for alias in ALIASES}
    rows = list[dict[str, Any]]()
    for version, stage in registry.stages().items():
        row: dict[str, Any] = {"version": version, "stage": stage, "alias": aliases.get(version, "")}
        row["why"] = reasons.get(version, "")
        if row["alias"] == "challenger" and (trial := trial_of(data_dir, version)) is not None:
            row["trial"] = in_a_line(trial)
        try:
            lineage = registry.lineage(version)
        except RejectedError as error:
            rows.append({**row, "altered": str(error)})
            continue
        row |= {"parent": lineage.parent, "made_at": lineage.created_at.isoformat()}
        rows.append({**row, "rows": lineage.rows, "homes": lineage.homes, **lineage.metrics})
    return rows


def one_version(registry: ModelCatalogue, version: str, data_dir: Path) -> dict[str, Any]:
    """A version's lineage, its files checked, its trial, and every move that it was part of."""
    lineage = registry.load(version).lineage
    return {
        "version": version,
        "stage": registry.stages()[version],
        "alias": next((alias for alias in ALIASES if registry.resolve(alias) == version), ""),
        "checked": _checked(registry),
        "judged": judged(registry, version),
        "trial": trial_of(data_dir, version),
        **lineage.model_dump(mode="json", exclude={"version"}),
        "moves": [_told(move) for move in registry.history() if version in move.stages],
    }


def judged(registry: ModelCatalogue, version: str) -> dict[str, str]:
    """What the gate, or a trial, found when it last decided upon a version, by check."""
    found = [move.document for move in registry.history() if version in move.stages and move.document]
    return found[-1] if found else {}


def moves(registry: ModelCatalogue) -> list[dict[str, Any]]:
    """The history, oldest first."""
    return [_told(move) for move in registry.history()]


def compared(registry: ModelCatalogue, first: str, second: str) -> dict[str, Any]:
    """Two versions side by side: figures, the gate's findings, what differs in lineage, and in files.

    The figures of each are of the hours that it was judged on, which are other ones if its window is another.
    """
    one, other = registry.lineage(first), registry.lineage(second)
    names = sorted({*one.metrics, *other.metrics})
    left_says, right_says = (judged(registry, version) for version in (first, second))
    left, right = (
        dict(_flat(each.model_dump(mode="json", exclude={"version", "metrics", "files"})))
        for each in (one, other)
    )
    return {
        "versions": [first, second],
        "figures": {name: [one.metrics.get(name), other.metrics.get(name)] for name in names},
        "lineage": {
            name: [left.get(name), right.get(name)]
            for name in {**left, **right}
            if left.get(name) != right.get(name)
        },
        "judged": {name: [left_says.get(name), right_says.get(name)] for name in {**left_says, **right_says}},
        "files": {
            name: "the same" if one.files.get(name) == other.files.get(name) else "different"
            for name in sorted({*one.files, *other.files})
        },
    }


def verified(registry: ModelCatalogue) -> dict[str, str]:
    """By version what is wrong with it, or `ok`; the history counts as one."""
    found = {"history": _problem(registry.history)}
    for version in registry.stages():
        found[version] = _problem(lambda version=version: Champion.from_stored(registry.load(version)))
    return found


def require_fit_to_serve(registry: ModelCatalogue, version: str) -> None:
    """Load a version as the advisor would.

    Raises:
        NotFoundError: No such version.
        RejectedError: It was altered, or its models are not what this program serves.
    """
    Champion.from_stored(registry.load(version))


def pruned(data_dir: Path, retention: Retention, note: Note, *, dry_run: bool) -> list[dict[str, Any]]:
    """Remove versions that may go; returns what becomes of each, and why."""
    registry = used_registry(data_dir)
    decided = fates(shelf(registry, in_use(data_dir)), retention, datetime.now(UTC))
    if not dry_run:
        registry.remove([fate.version for fate in decided if fate.removed], note)
    return [asdict(fate) for fate in decided]


def in_use(data_dir: Path) -> Mapping[str, int]:
    """Versions by which the newest advice of a device was made, with how many devices."""
    settings = CloudSettings(data_dir=data_dir)
    if not has_state(settings):
        return {}
    with closing(open_state(settings)) as store:
        serving = Serving(store, 0)
        advice = [serving.advice(device_id) for device_id in serving.profiles()]
    return Counter(each.champion for each in advice if each is not None)


def _checked(registry: ModelCatalogue) -> str:
    return "by signature and digest" if registry.is_signed else "by digest only (CLOUD_MODELS_KEY is not set)"


def _told(move: Move) -> dict[str, Any]:
    stages = {version: stage or "removed" for version, stage in move.stages.items()}
    return {**move.model_dump(mode="json"), "stages": stages}


def _problem(look: Any) -> str:  # noqa: ANN401 (whatever it gives is not looked at)
    try:
        look()
    except RejectedError as error:
        return str(error)
    return "ok"


def _flat(document: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in document.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value
