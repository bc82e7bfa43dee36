"""Pacing: no more than so many in any second, however many are ready."""

from collections import deque
from collections.abc import Callable


class Pace:
    """Lets at most `per_s` through in any second.

    Args:
        per_s: How many.
        monotonic_s: A clock that only goes forward [s].
        sleep: Waits for so many seconds.
    """

    def __init__(
        self, per_s: int, monotonic_s: Callable[[], float], sleep: Callable[[float], object]
    ) -> None:
        self._monotonic_s = monotonic_s
        self._sleep = sleep
        self._last: deque[float] = deque(maxlen=per_s)

    def wait(self) -> None:
        """Return when one more may pass."""
        if self._last.maxlen == len(self._last):
            over_s = self._last[0] + 1.0 - self._monotonic_s()
            if over_s > 0:
                self._sleep(over_s)
        self._last.append(self._monotonic_s())
