"""Where the time of `GET /v1/devices/{id}/recommendation` goes: `ac-advisor bench api --profile`.

The API is made in this process over the files that the measured one has left, and asked without a network,
before and after a bare route of Flask; then once more under `cProfile`, which slows calls more than work, so
that shares are told and no times.
"""

import cProfile
import io
import pstats
import re
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeAlias
from wsgiref.util import setup_testing_defaults

from cloud.wiring.api import open_stores
from cloud.wiring.secrets import open_secret
from infra.local import bare_flask
from infra.local.errors import LocalError
from mobile_api.app import create_app
from mobile_api.config import ApiSettings
from mobile_api.keys import KEY_FILE, StoredKeys

SHOWN: Final = 12
"""So many rows of each table."""

Wsgi: TypeAlias = Callable[..., Iterable[bytes]]

OURS: Final = ("mobile_api/", "cloud/", "edge/")
"""Folders of ours that serve a request."""

_PACKAGE = re.compile(r"(?:.*/site-packages|.*/lib/python3\.\d+)/([\w.-]+)")


@dataclass(frozen=True, slots=True)
class Profile:
    """Where the time goes, of the calls of one run.

    Attributes:
        calls: How many were profiled.
        to_bare_ratio: Time of a call to that of one to bare Flask, both without network and profiler [ratio].
        own_share: Time in a package or a part of ours itself, the greatest first [ratio].
        below_share: Time in a function of ours and all that it calls, the greatest first [ratio].
    """

    calls: int
    to_bare_ratio: float
    own_share: dict[str, float]
    below_share: dict[str, float]


def profile_recommendation(folder: Path, settings: ApiSettings, token: str, path: str, calls: int) -> Profile:
    """Ask the API over the stores in `folder` for one recommendation, again and again.

    Args:
        folder: Where its process had its files.
        settings: As its process had them: tokens name its address.
        token: An access token.
        path: Of the recommendation.
        calls: How often, with and without the profiler.

    Raises:
        LocalError: It is not answered.
    """
    now = datetime.now(UTC)
    keys = StoredKeys(open_secret(folder / KEY_FILE, settings.keys_secret), timedelta(days=90), now)
    ours = create_app(open_stores(folder), keys, settings)
    headers = {"HTTP_AUTHORIZATION": f"Bearer {token}", "HTTP_HOST": f"{settings.host}:{settings.port}"}
    ask, bare = _asker(ours.wsgi_app, path, headers), _asker(bare_flask.make_app({}).wsgi_app, "/", {})
    ratio = _seconds(ask, calls) / _seconds(bare, calls)
    with cProfile.Profile() as profiler:
        for _ in range(calls):
            ask()
    rows = pstats.Stats(profiler, stream=io.StringIO()).stats  # type: ignore[attr-defined]  # not in its types
    whole = sum(own for _, _, own, _, _ in rows.values())
    own, below = Counter[str](), Counter[str]()
    for (file, _, function), (_, _, own_s, below_s, _) in rows.items():
        part = _part(file, function)
        own[part] += own_s / whole
        if part.startswith(OURS):
            below[f"{part}: {function}"] += below_s / whole
    return Profile(calls, round(ratio, 2), _greatest(own), _greatest(below))


def _asker(app: Wsgi, path: str, headers: dict[str, str]) -> Callable[[], None]:
    """Asks an app, without a network, for something that it has to answer with 200."""

    def begin(status: str, *_: object) -> None:
        if not status.startswith("200"):
            raise LocalError(f"GET {path} was answered with {status}")

    def ask() -> None:
        asked: dict[str, Any] = {"PATH_INFO": path, **headers}
        setup_testing_defaults(asked)
        answer = app(asked, begin)
        for _ in answer:
            pass
        if hasattr(answer, "close"):
            answer.close()

    return ask


def _seconds(ask: Callable[[], None], calls: int) -> float:
    """The middle one of three spans of so many calls, after some to warm up [s]."""
    spans = []
    for _ in range(3):
        ask()
        began = time.perf_counter()
        for _ in range(calls):
            ask()
        spans.append(time.perf_counter() - began)
    return statistics.median(spans)


def _part(file: str, function: str) -> str:
    """A module of ours, a library, or what C does, by the name of what it does."""
    if file == "~":
        of_class = re.search(r"of '([\w.]+)' objects", function)
        return f"C: {of_class[1] if of_class else function.strip('<>{}').removeprefix('built-in method ')}"
    ours = next((each for each in OURS if f"/{each}" in file), None)
    if ours is not None:
        return ours + file.rpartition(f"/{ours}")[2]
    found = _PACKAGE.match(file)
    return found[1].removesuffix(".py") if found else Path(file).name


def _greatest(shares: Counter[str]) -> dict[str, float]:
    return {name: round(share, 3) for name, share in shares.most_common(SHOWN)}
