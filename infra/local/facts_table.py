"""The printed table of facts, and the same as JSON."""

import math
import textwrap
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from device_sim.facts.fact import Fact
from infra.local.whole_table import print_whole

INDENT = 4
"""Of the sources below the table [columns]."""


def print_facts(console: Console, facts: Sequence[Fact]) -> None:
    """The table: what is ours, what is known, and whether they agree; below it how that is known."""
    sources = list(dict.fromkeys(_source(fact) for fact in facts))
    table = Table(title="Simulated homes beside what is known of real ones", box=SIMPLE, pad_edge=False)
    for place, name in enumerate(("fact", "ours", "10-90 % of homes", "known", "", "source")):
        table.add_column(name, justify="right" if place in {1, 2, 3, 5} else "left", no_wrap=True)
    for fact in facts:
        table.add_row(*map(escape, _cells(fact)), str(sources.index(_source(fact)) + 1))
    print_whole(console, table)
    for number, source in enumerate(sources, start=1):
        lines = textwrap.wrap(source, console.width - INDENT - 1)
        console.print(escape(f"{number:>2}  " + f"\n{' ' * INDENT}".join(lines)), highlight=False)
    outside = [fact.name for fact in facts if not fact.inside]
    console.print(f"\n{len(facts) - len(outside)} of {len(facts)} facts are inside." + _list_of(outside))


def as_documents(facts: Sequence[Fact]) -> list[dict[str, Any]]:
    """The facts as JSON has them; what could not be measured is null."""
    documents = [{**asdict(fact), "inside": fact.inside} for fact in facts]
    return [
        {name: None if _is_nothing(value) else value for name, value in document.items()}
        for document in documents
    ]


def _cells(fact: Fact) -> tuple[str, ...]:
    reference = fact.reference
    error = "" if fact.is_median else f" ± {_short(fact.standard_error)}"
    return (
        f"{fact.name} [{fact.unit}]" if fact.unit else fact.name,
        f"{_short(fact.value)}{error}",
        f"{_short(fact.low)} to {_short(fact.high)}",
        f"{_short(reference.low)} to {_short(reference.high)}",
        "inside" if fact.inside else "OUTSIDE",
    )


def _source(fact: Fact) -> str:
    return f"{fact.reference.kind}: {fact.reference.source}"


def _short(value: float) -> str:
    """Three digits, but no tenths of hundreds."""
    return "?" if math.isnan(value) else f"{value:.3g}"


def _list_of(names: Sequence[str]) -> str:
    return f" Outside: {'; '.join(names)}." if names else ""


def _is_nothing(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)
