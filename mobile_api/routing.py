"""Routing: a path that is written out is only itself; no id of anything is read into it.

`/v1/devices/claim` is not the device `claim`: without this, `GET` there would be answered (404) instead of
refused (405), and `Allow` would name methods that it does not have.
"""

import re
from collections.abc import Collection, Iterator
from functools import cache

from flask import Flask
from werkzeug.routing import BaseConverter


def reserve_words(app: Flask, paths: Collection[str]) -> None:
    """Keep the words of `paths` that stand where another path has a parameter from being such a parameter."""
    words = reserved_words(frozenset(paths))

    class Id(BaseConverter):
        """Any segment but a reserved word."""

        regex = rf"(?!(?:{'|'.join(map(re.escape, words))})\Z)[^/]+" if words else "[^/]+"

    app.url_map.converters["default"] = Id


@cache
def reserved_words(paths: frozenset[str]) -> tuple[str, ...]:
    """The words of `paths` that stand where another path has a parameter."""
    return tuple(sorted({word for path in paths for other in paths for word in _words(path, other)}))


def _words(path: str, other: str) -> Iterator[str]:
    """The segments of `path` that `other` would take for its parameters."""
    pairs = list(zip(path.split("/"), other.split("/"), strict=False))
    if path.count("/") != other.count("/") or any(a != b and not _is_parameter(b) for a, b in pairs):
        return
    yield from (a for a, b in pairs if a != b and not _is_parameter(a))


def _is_parameter(segment: str) -> bool:
    return re.fullmatch(r"<\w+>", segment) is not None
