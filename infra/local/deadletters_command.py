"""The `ac-advisor deadletters` commands; what they need is imported when they run."""

import json
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from infra.local.command_options import data_dir_option, json_option, say

SHORT = 12
"""So much of an id is shown to a person; any beginning that is unique serves."""

_SINCE = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


class _ListByDefault(click.Group):
    """A group whose plain name, with or without options, is its command `list`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `list` first where no command is named."""
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)


def _filters(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say which letters."""
    since = click.DateTime(_SINCE)
    for option in (
        click.option("--since", type=since, help="Came last at this time or later, UTC."),
        click.option("--principal", default="", help="Who published."),
        click.option("--topic", default="", help="A part of the topic."),
        click.option("--reason", default="", help="A part of the reason."),
    ):
        command = option(command)
    return command


@click.group(cls=_ListByDefault)
def deadletters() -> None:
    """What was refused and why, and how it comes back after a fix."""


@deadletters.command("list")
@_filters
@click.option("--state", type=click.Choice(["open", "replayed", "all"]), default="open", show_default=True)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1), help="Shows so many.")
@data_dir_option
@json_option
def list_command(state: str, limit: int, data_dir: Path, as_json: bool, **filters: Any) -> None:  # noqa: ANN401, FBT001 (click's)
    """The newest first, with the counts of all that match."""
    from infra.local.letters import list_letters  # noqa: PLC0415 (as in every command)

    query = _query(filters, None if state == "all" else state == "replayed")
    found = list_letters(data_dir, query, limit)
    if as_json:
        say(found, as_json=True)
        return
    for letter in found["letters"]:
        say({**letter, "letter_id": letter["letter_id"][:SHORT]}, as_json=False)
        click.echo("")
    click.echo(f"{len(found['letters'])} of {found['matching']} dead letters")
    for reason, count in found["by_reason"].items():
        click.echo(f"{count:>8}  {reason}")


@deadletters.command("explain")
@click.argument("letter_id")
@data_dir_option
@json_option
def explain_command(letter_id: str, data_dir: Path, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """What was refused, what the contract says there, and what would fix it."""
    from infra.local.letters import explain_letter  # noqa: PLC0415

    facts = explain_letter(data_dir, letter_id)
    if not as_json:
        del facts["element"]
        facts["payload"] = "\n" + json.dumps(facts["payload"], indent=2, ensure_ascii=False)
    say(facts, as_json=as_json)


@deadletters.command("replay")
@click.argument("letter_ids", metavar="[ID]...", nargs=-1)
@_filters
@click.option("--all", "everything", is_flag=True, help="All that are open.")
@data_dir_option
@json_option
def replay_command(
    letter_ids: tuple[str, ...],
    everything: bool,  # noqa: FBT001 (click's)
    data_dir: Path,
    as_json: bool,  # noqa: FBT001 (click's)
    **filters: Any,  # noqa: ANN401 (click's)
) -> None:
    """Let letters in after a fix, also while the stack runs; exits with 1 when one is still refused."""
    from infra.local.letters import replay_letters  # noqa: PLC0415

    asked = [bool(letter_ids), any(filters.values()), everything]
    if sum(asked) != 1:
        raise click.UsageError("say which: ids, or filters such as --reason, or --all")
    done = replay_letters(data_dir, letter_ids, _query(filters, replayed=False), _shown)
    if as_json:
        say(done, as_json=True)
    else:
        for verdict in done.pop("letters"):
            if not verdict["accepted"]:
                click.echo(f"{verdict['letter_id'][:SHORT]}  still refused: {verdict['reason']}")
        say(done, as_json=False)
    if done["still_refused"]:
        sys.exit(1)


def _query(filters: dict[str, Any], replayed: bool | None) -> Any:  # noqa: ANN401, FBT001 (its module is not loaded yet)
    from cloud.ports.telemetry import LetterQuery  # noqa: PLC0415

    since: datetime | None = filters["since"]
    return LetterQuery(
        reason=filters["reason"],
        topic=filters["topic"],
        principal=filters["principal"],
        since=None if since is None else since.replace(tzinfo=UTC),
        replayed=replayed,
    )


def _shown(letters: list[Any]) -> Iterable[Any]:
    """Go through them with a bar on stderr, where that is a terminal."""
    with click.progressbar(
        letters, label="Replaying", file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:
        yield from bar
