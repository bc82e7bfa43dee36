"""Work beside all requests: looked at from time to time; whoever gives trouble is tried again later."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Trouble:
    """Somebody outside who could not be told something.

    Attributes:
        attempts: So often on end.
        again_at: Not to be tried before.
    """

    attempts: int
    again_at: datetime


def start(name: str, look: Callable[[], object], every_s: float) -> None:
    """Look every so many seconds, in a thread; a look that fails is logged as `{name}_failed`."""
    threading.Thread(target=_follow, args=(name, look, every_s), name=name, daemon=True).start()


def _follow(name: str, look: Callable[[], object], every_s: float) -> None:
    waiting, failed = threading.Event(), f"{name}_failed"
    while not waiting.wait(every_s):
        try:
            look()
        except Exception as error:  # noqa: BLE001 (the next look may do better)
            log.warning(failed, error=type(error).__name__)
