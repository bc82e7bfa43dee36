"""Waiting for what another thread or process does."""

import time
from collections.abc import Callable

PATIENCE_S = 90.0
"""So long may it take on a busy machine; no test passes because of it."""

QUICK_ACK_WAIT_S = 1.0
"""When the broker of a test that waits for a repeat makes it [s], instead of after its `ACK_WAIT_S`."""


def wait_for(condition: Callable[[], object], timeout_s: float = PATIENCE_S) -> None:
    """Return as soon as `condition` is true.

    Raises:
        AssertionError: It was not within this time.
    """
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.01)
