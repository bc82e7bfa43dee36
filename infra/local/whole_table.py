"""Whole tables: a log passes for a screen of 80 columns, too few for figures, so no cell is ever cut."""

from rich.console import Console
from rich.table import Table

UNLIMITED = 10_000
"""Wider than any table [columns]."""


def print_whole(console: Console, table: Table) -> None:
    """Print a table as wide as its cells want; on a narrower screen the terminal breaks its lines."""
    table.width = console.measure(table, options=console.options.update_width(UNLIMITED)).maximum
    console.print(table, soft_wrap=True)
