"""Rows of CSV files, plain or compressed, with cells that keep what they cannot be read as."""

import csv
import gzip
import math
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TextIO

from device_sim.recordings.errors import RecordingColumnsError, RecordingMissingError

PATTERNS = ("*.csv", "*.csv.gz")

MISSING = frozenset({"", "nan", "na", "null", "none"})
"""How programs write that there is no value, in lower case."""


def rows(directory: Path, columns: AbstractSet[str]) -> Iterator[dict[str, str]]:
    """Every row of every CSV file in `directory`, file by file in the order of their names.

    Raises:
        RecordingMissingError: There is none.
        RecordingColumnsError: One of them lacks a column of `columns`.
    """
    files = sorted(path for pattern in PATTERNS for path in directory.glob(pattern))
    if not files:
        raise RecordingMissingError(directory, PATTERNS)
    for file in files:
        with _open(file) as text:
            reader = csv.DictReader(text, restkey="", restval="")
            missing = columns - set(reader.fieldnames or ())
            if missing:
                raise RecordingColumnsError(file, missing)
            yield from reader


def number(cell: str) -> float | str | None:
    """The number in a cell; None where there is no value, and the text itself where it is no number."""
    text = cell.strip()
    if text.lower() in MISSING:
        return None
    try:
        value = float(text)
    except ValueError:
        return text
    return value if math.isfinite(value) else text


def flag(cell: str) -> bool | float | str | None:
    """0 and 1 as false and true; anything else as `number` has it."""
    value = number(cell)
    return bool(value) if value in (0.0, 1.0) else value


def _open(file: Path) -> TextIO:
    if file.suffix == ".gz":
        return gzip.open(file, "rt", encoding="utf-8-sig", errors="replace", newline="")
    return file.open(encoding="utf-8-sig", errors="replace", newline="")
