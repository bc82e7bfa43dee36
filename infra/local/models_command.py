"""The `ac-advisor models` commands; what they need is imported when they run."""

import getpass
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from infra.local.command_options import data_dir_option, json_option, say

STAGES = ["registered", "waiting", "shadow", "canary", "retired", "rejected"]

reason_option = click.option("--reason", required=True, help="Kept in the history, with your login.")


@click.group()
def models() -> None:
    """Versions of the models, which one serves, and why."""


@models.command("list")
@data_dir_option
@json_option
def list_models(data_dir: Path, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """All versions, oldest first: stage and why, the running trial, errors on hours that were not seen."""
    from infra.local.model_reports import used_registry, version_list  # noqa: PLC0415 (as in every command)

    say(version_list(used_registry(data_dir), data_dir), as_json=as_json)


@models.command()
@click.argument("version")
@data_dir_option
@json_option
def show(version: str, data_dir: Path, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """A version's lineage, figures, trial (homes, days, harm, budget) and moves; its files are checked."""
    from infra.local.model_reports import one_version, used_registry  # noqa: PLC0415

    say(one_version(used_registry(data_dir), version, data_dir), as_json=as_json)


@models.command()
@data_dir_option
@json_option
def history(data_dir: Path, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """Every move there ever was: when, by whom, and why."""
    from infra.local.model_reports import moves, used_registry  # noqa: PLC0415

    found = moves(used_registry(data_dir))
    if as_json:
        say(found, as_json=True)
        return
    for move in found:
        stages = ", ".join(f"{version} {stage}" for version, stage in move["stages"].items())
        click.echo(f"{move['at']}  {move['action']:<9} {stages or '-'}  by {move['by']}: {move['reason']}")


@models.command()
@click.argument("first")
@click.argument("second")
@data_dir_option
@json_option
def compare(first: str, second: str, data_dir: Path, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """Two versions: figures, what the gate found of each, what differs in lineage and files."""
    from infra.local.model_reports import compared, used_registry  # noqa: PLC0415

    found = compared(used_registry(data_dir), first, second)
    if as_json:
        say(found, as_json=True)
        return
    click.echo(f"{'':<34} {first:>24} {second:>24}")
    for part in ("figures", "lineage"):
        for name, (left, right) in found[part].items():
            click.echo(f"{name:<34} {_text(left):>24} {_text(right):>24}{_change(left, right)}")
    for name, (left, right) in found["judged"].items():
        click.echo(f"{name}:\n    {first}: {left or '-'}\n    {second}: {right or '-'}")
    for name, same in found["files"].items():
        click.echo(f"{name:<34} {same}")


@models.command()
@click.argument("version")
@reason_option
@data_dir_option
@json_option
def promote(version: str, reason: str, data_dir: Path, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """Let a version serve, past the gate; the champion of now can be rolled back to."""
    from cloud.ports.models import Note  # noqa: PLC0415
    from infra.local.model_reports import require_fit_to_serve, used_registry  # noqa: PLC0415

    registry = used_registry(data_dir)
    before = registry.resolve("champion")
    require_fit_to_serve(registry, version)
    registry.promote(version, Note(_login(), reason), over=before)
    _done(f"{version} is the champion", {"champion": version, "before": before}, as_json=as_json)


@models.command("roll-back")
@reason_option
@data_dir_option
@json_option
def roll_back(reason: str, data_dir: Path, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """Let the previous champion serve again and reject the one that serves."""
    from cloud.model_ledger import NoPreviousError  # noqa: PLC0415
    from cloud.ports.models import Note  # noqa: PLC0415
    from infra.local.model_reports import require_fit_to_serve, used_registry  # noqa: PLC0415

    registry = used_registry(data_dir)
    champion, previous = registry.resolve("champion"), registry.resolve("previous")
    if champion is None or previous is None:
        raise NoPreviousError(champion)
    require_fit_to_serve(registry, previous)
    serving = registry.roll_back(Note(_login(), reason), of=champion)
    facts = {"champion": serving, "rejected": champion}
    _done(f"{serving} is the champion again, {champion} is rejected", facts, as_json=as_json)


@models.command()
@click.argument("version")
@click.argument("stage", type=click.Choice(STAGES))
@reason_option
@data_dir_option
@json_option
def stage(version: str, stage: Any, reason: str, data_dir: Path, as_json: bool) -> None:  # noqa: ANN401, FBT001 (click's)
    """Put a version on trial, withdraw or reject it."""
    from cloud.ports.models import Note  # noqa: PLC0415
    from infra.local.model_reports import used_registry  # noqa: PLC0415

    used_registry(data_dir).put(version, stage, Note(_login(), reason))
    _done(f"{version} is {stage}", {"version": version, "stage": stage}, as_json=as_json)


@models.command()
@click.option("--keep-newest", default=10, show_default=True, type=click.IntRange(0), help="So many stay.")
@click.option("--keep-days", default=90, show_default=True, type=click.IntRange(0), help="Younger ones stay.")
@click.option("--dry-run", is_flag=True, help="Say what would go, and remove nothing.")
@reason_option
@data_dir_option
@json_option
def prune(reason: str, data_dir: Path, as_json: bool, dry_run: bool, **keep: int) -> None:  # noqa: FBT001 (click's)
    """Remove old versions that nobody serves, tries or uses any more; says why of each."""
    from cloud.model_retention import Retention  # noqa: PLC0415
    from cloud.ports.models import Note  # noqa: PLC0415
    from infra.local.model_reports import pruned  # noqa: PLC0415

    retention = Retention(keep["keep_newest"], keep["keep_days"])
    decided = pruned(data_dir, retention, Note(_login(), reason), dry_run=dry_run)
    if as_json:
        say(decided, as_json=True)
        return
    gone = "would go" if dry_run else "removed"
    for fate in decided:
        click.echo(f"{fate['version']}: {gone if fate['removed'] else 'stays'} ({fate['reason']})")


@models.command()
@data_dir_option
@json_option
def verify(data_dir: Path, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """Check history and files of every version; exits 1 when something was altered."""
    from infra.local.model_reports import used_registry, verified  # noqa: PLC0415

    found = verified(used_registry(data_dir))
    say(found, as_json=as_json)
    if set(found.values()) != {"ok"}:
        sys.exit(1)


@models.command()
@reason_option
@data_dir_option
@json_option
def sign(reason: str, data_dir: Path, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """Vouch with CLOUD_MODELS_KEY for a registry that was kept without a key."""
    from cloud.config import CloudSettings  # noqa: PLC0415
    from cloud.ports.models import Note  # noqa: PLC0415
    from cloud.wiring.registry import open_registry  # noqa: PLC0415

    open_registry(CloudSettings(data_dir=data_dir)).sign(Note(_login(), reason))
    _done(
        "The registry is signed; processes without the key refuse it now", {"signed": True}, as_json=as_json
    )


@models.command()
@click.argument("version")
@data_dir_option
@json_option
def rebuild(version: str, data_dir: Path, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """Train a version again from its lineage and compare byte for byte; exits 1 when it differs."""
    from dataclasses import asdict  # noqa: PLC0415

    from infra.local.training_job import rebuild as make_again  # noqa: PLC0415

    made = make_again(data_dir, version)
    say(asdict(made), as_json=as_json)
    if not all(made.identical.values()):
        sys.exit(1)


def _done(sentence: str, facts: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        say(facts, as_json=True)
    else:
        click.echo(sentence)


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user without a name
        return "nobody known"


def _text(value: object) -> str:
    return "-" if value is None else str(value)


def _change(left: object, right: object) -> str:
    numbers = isinstance(left, int | float) and isinstance(right, int | float)
    return f"  {right - left:+.4g}" if numbers else ""  # type: ignore[operator]
