"""The story: what the demo tells while it runs; live bars on a terminal, plain lines in a log."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

LINE_EVERY = 7
"""Without a terminal, one line for so many days."""


class Story:
    """Tells what happens."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def tell(self, line: str) -> None:
        """One line."""
        self.console.print(line)

    def follow(self, title: str, days: Iterable[int], total: int) -> None:
        """Let days pass and show them doing so."""
        if not self.console.is_terminal:
            for day in days:
                if day % LINE_EVERY == 0 or day == total:
                    self.console.print(f"{title}: day {day} of {total}")
            return
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self.console) as progress:
            for _ in progress.track(days, total=total, description=title):
                pass

    @contextmanager
    def busy(self, title: str) -> Iterator[None]:
        """Something that takes a while and has no steps."""
        if not self.console.is_terminal:
            self.console.print(f"{title} ...")
            yield
            return
        with Progress(
            SpinnerColumn(), TextColumn(title), TimeElapsedColumn(), console=self.console
        ) as progress:
            progress.add_task(title, total=None)
            yield
