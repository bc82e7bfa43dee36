"""Texts: every word on the pages, in one file a language (`web/texts/<language>.json`).

A language is added by adding its file: the same keys and places as `en.json`, which a test compares. What it
lacks is said in English.
"""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from flask import g, request

FOLDER: Final = Path(__file__).parents[1] / "web" / "texts"
FALLBACK: Final = "en"
LANGUAGE_COOKIE: Final = "ac_language"


@cache
def languages() -> tuple[str, ...]:
    """The languages that there are, by code."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """All texts of a language, by key."""
    texts: dict[str, str] = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return texts


def language() -> str:
    """The language of this request: chosen on the page, else the best that the browser asks for."""
    found: str | None = g.get("language")
    if found is None:
        chosen = request.cookies.get(LANGUAGE_COOKIE, "")
        found = g.language = chosen if chosen in languages() else _asked_for()
    return found


def text(key: str, **values: object) -> str:
    """The text with this key in the language of the request, with `values` in its places."""
    words = catalogue(language()).get(key) or catalogue(FALLBACK)[key]
    return words.format(**values) if values else words


def texts_under(prefix: str) -> dict[str, str]:
    """The texts whose keys begin with `prefix`, without it: what a script may have to say."""
    known = [key for key in catalogue(FALLBACK) if key.startswith(prefix)]
    return {key.removeprefix(prefix): text(key) for key in known}


def _asked_for() -> str:
    """The best of the browser's languages that there is; `it-CH` is content with `it`."""
    wanted = (tag.partition("-")[0].lower() for tag in request.accept_languages.values())
    return next((tag for tag in wanted if tag in languages()), FALLBACK)
