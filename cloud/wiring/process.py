"""What every process of the cloud does at its two ends: say that it serves, and stop when asked to."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def stop_on_signals(also: Callable[[], None] = lambda: None) -> threading.Event:
    """An event that SIGTERM and SIGINT set; `also` is called with it, to wake whoever waits."""
    stop = threading.Event()

    def handle(_signal: int, _frame: object) -> None:
        stop.set()
        also()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)
    return stop


@contextmanager
def ready_file(data_dir: Path, name: str) -> Iterator[None]:
    """Hold the empty file `run/<name>.ready` while the process serves."""
    path = data_dir / "run" / f"{name}.ready"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
