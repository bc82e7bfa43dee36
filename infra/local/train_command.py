"""The commands `ac-advisor train` and `ac-advisor triggers`; what they need is imported when they run."""

from pathlib import Path
from typing import Any

import click

from infra.local.command_options import data_dir_option, json_option, say
from infra.local.errors import LocalError


class BusyError(LocalError):
    """Somebody else trains."""

    def __init__(self) -> None:
        super().__init__("another training job is running (or was killed within the last 90 s): try again")


@click.command()
@click.option(
    "--kind", type=click.Choice(["train", "fine_tune", "hot_fix"]), default="train", show_default=True
)
@click.option("--reason", default="asked for by hand", show_default=True, help="Kept in the lineage.")
@click.option(
    "--due", is_flag=True, help="Only if it is time: look at all triggers and do what they ask for."
)
@data_dir_option
@json_option
def train(kind: Any, reason: str, due: bool, data_dir: Path, as_json: bool) -> None:  # noqa: ANN401, FBT001 (click's)
    """Make a challenger from the lake; it serves only if it is no worse on hours that it has not seen."""
    from cloud.training_rounds import Wish  # noqa: PLC0415 (as in every command)
    from infra.local.training_desk import take_turn_in  # noqa: PLC0415 (as in every command)

    done = take_turn_in(data_dir, None if due else Wish(kind, reason))
    if done is None and not due:
        raise BusyError
    say({"outcome": "not due, or at work elsewhere"} if done is None else done, as_json=as_json)


@click.command()
@data_dir_option
@json_option
def triggers(data_dir: Path, as_json: bool) -> None:  # noqa: FBT001 (click's)
    """What was looked at and decided, and why; which triggers are quiet; when the next look is due."""
    from cloud.config import CloudSettings  # noqa: PLC0415 (as in every command)
    from cloud.wiring.state import has_state  # noqa: PLC0415 (as in every command)
    from infra.local.listings import NothingThereError  # noqa: PLC0415 (as in every command)
    from infra.local.training_desk import standing  # noqa: PLC0415 (as in every command)

    if not has_state(CloudSettings(data_dir=data_dir)):
        raise NothingThereError(data_dir)
    found = standing(data_dir)
    if as_json:
        say(found, as_json=True)
        return
    for entry in found["journal"]:
        what = " ".join(filter(None, (entry["update"], entry["version"])))
        click.echo(f"{entry['at']}  {what or '-'}: {entry['outcome']}; {entry['reason']}")
    say({name: value for name, value in found.items() if name != "journal"}, as_json=False)
