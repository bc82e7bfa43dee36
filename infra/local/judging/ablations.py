"""Ablations: what each sense of the advisor, and each piece of foresight, is worth, as one table of pairs.

`python -m infra.local.judging.ablations FILE...` prints it in Markdown from what `ac-advisor evaluate --json`
has written of fleets that were played with the same arms. Each arm is compared with the whole of its own kind
home by home, so that the luck of a home is in both.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import click
import numpy as np

from infra.local.judging.arms import ORACLE
from infra.local.pairs import MAX_EXTRA_WARM_K_H, Estimate, Floats, estimate, jackknife

Homes: TypeAlias = Mapping[str, Floats]
"""By the names of `HomeFigures`, `(homes,)` each."""

HEADING = (
    "arm",
    "saved, mean of homes",
    "beside the whole, home by home",
    "extra warm K·h a home and day",
    "overrides beyond the habit's, a home",
    "comfort kept",
    "of foresight's saving",
)


def ablation_rows(evaluations: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """The rows of the table, its heading first.

    Args:
        evaluations: As `Evaluation.to_json` gives them, of the same arms, one a fleet.

    Raises:
        KeyError: They are of other arms, or no oracle played.
    """
    arms = _joined(evaluations)
    oracle = arms[ORACLE]["saved_pct"]
    return [HEADING, *(_row(name, arms, oracle) for name in arms)]


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown, from its rows with the heading first."""
    heading, *others = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join((heading, "|---" * len(rows[0]) + "|", *others))


def _joined(evaluations: Sequence[Mapping[str, Any]]) -> dict[str, Homes]:
    """The homes of all fleets side by side, by arm."""
    found = [{arm["arm"]: arm["homes"] for arm in each["arms"]} for each in evaluations]
    return {
        name: {column: np.concatenate([fleet[name][column] for fleet in found]) for column in found[0][name]}
        for name in found[0]
    }


def _row(name: str, arms: Mapping[str, Homes], oracle_pct: Floats) -> tuple[str, ...]:
    homes = arms[name]
    whole, _, without = name.partition("_without_")
    less = estimate(homes["saved_pct"] - arms[whole]["saved_pct"]) if without else None
    share, warm_k_h = jackknife(homes["saved_pct"], oracle_pct), homes["warm_extra_k_h_day"]
    return (
        name.replace("_", " "),
        f"{_told(estimate(homes['saved_pct']), 1)} %",
        "" if less is None else f"{_told(less, 1, '+')} points",
        _told(estimate(warm_k_h), 2, "+"),
        _told(estimate(homes["overrides_extra"]), 2, "+"),
        f"{int((warm_k_h <= MAX_EXTRA_WARM_K_H).sum())} of {len(warm_k_h)}",
        f"{100 * share.mean:.0f} ± {100 * share.standard_error:.0f} %",
    )


def _told(value: Estimate, digits: int, sign: str = "") -> str:
    return f"{value.mean:{sign}.{digits}f} ± {value.standard_error:.{digits}f}"


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
def main(files: Sequence[Path]) -> None:
    """Print what each sense is worth, from what `ac-advisor evaluate --json` wrote into FILES."""
    read = [json.loads(file.read_text()) for file in files]
    click.echo(markdown(ablation_rows([each.get("figures", each) for each in read])))


if __name__ == "__main__":
    main()
