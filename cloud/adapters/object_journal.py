"""A journal in objects: lines of JSON, a day's objects together, each made once and named by what it holds.

For dead letters and events where no database is: beside the lake, in folders that Hive readers pass over. The
same lines again are the same object.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from hashlib import sha256
from typing import Any

import msgspec

from cloud.adapters.lake_files import LakeFiles
from cloud.errors import NotFoundError

Line = dict[str, Any]


class ObjectJournal:
    """The objects below one folder.

    Args:
        files: Where they are.
        folder: Such as `_dead_letters`.
    """

    def __init__(self, files: LakeFiles, folder: str) -> None:
        self._files = files
        self._folder = folder

    def append(self, lines: Iterable[tuple[date, Line]]) -> None:
        """Keep lines, each with its day; just the same ones again change nothing.

        Raises:
            UnavailableError: Some may not be there; append the same again.
        """
        by_day: dict[date, list[Line]] = {}
        for day, line in lines:
            by_day.setdefault(day, []).append(line)
        for day, of_day in by_day.items():
            data = b"".join(msgspec.json.encode(line) + b"\n" for line in of_day)
            name = f"{self._folder}/day={day.isoformat()}/{sha256(data).hexdigest()[:32]}.jsonl"
            self._files.create(name, data)

    def lines(self) -> Iterator[Line]:
        """All lines, by day.

        Raises:
            UnavailableError: They cannot be read now.
        """
        for name in self._names():
            yield from self._read(name)

    def forget(self, concerns: Callable[[Line], bool]) -> int:
        """Remove lines for good; says how many.

        Raises:
            UnavailableError: Some are still there; forget again.
        """
        removed = 0
        for name in self._names():
            lines = self._read(name)
            kept = [line for line in lines if not concerns(line)]
            if len(kept) < len(lines):
                self.append((_day_of(name), line) for line in kept)
                self._files.remove([name])
                removed += len(lines) - len(kept)
        return removed

    def _names(self) -> list[str]:
        return self._files.names(f"{self._folder}/day=")

    def _read(self, name: str) -> list[Line]:
        try:
            data = self._files.read(name)
        except NotFoundError:  # forgotten meanwhile; what is left of it has another name
            return []
        return [msgspec.json.decode(line) for line in data.splitlines()]


def _day_of(name: str) -> date:
    return date.fromisoformat(name.split("/")[-2].removeprefix("day="))
