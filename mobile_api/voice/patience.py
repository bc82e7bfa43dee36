"""Patience: an assistant waits 8 s for an answer; how long we look for a read-back, and when we give up.

Two limits: looking for a read-back ends early enough to say "sent, not confirmed", and whatever does not end
by itself (a store that hangs) is answered for, while it goes on in its own thread.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTimeError
from dataclasses import dataclass, field
from typing import Final, TypeAlias, TypeVar

from mobile_api.voice.house import Outcome

ASSISTANT_WAITS_S: Final = 8.0
"""Alexa, for custom skills and Smart Home alike [s]; Google waits 9 s."""

READ_BACK_S: Final = 4.5
"""So long after the request came is a read-back looked for [s]."""

LATE_READ_BACK_S: Final = 20.0
"""The same where the answer may come late (`alexa_deferral.py`) [s]."""

ANSWER_S: Final = 6.5
"""Then an answer is given, whatever the stores do [s]; the rest of the 8 s is the way to the vendor."""

LOOK_EVERY_S: Final = 0.25

MAX_WORKERS: Final = 32
"""Requests at work at the same time; half of what the server serves, so that voice cannot starve it."""

_Answer = TypeVar("_Answer")

Promise: TypeAlias = Callable[[], Callable[[_Answer], None] | None]


@dataclass(frozen=True, slots=True)
class Deadline:
    """Until when a read-back is looked for."""

    ends_at_s: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def await_outcome(self, look: Callable[[], Outcome]) -> Outcome:
        """Look until it is `confirmed` or `rejected`, or there is no more time: `sent`."""
        while (outcome := look()) == "sent" and self.clock() + LOOK_EVERY_S < self.ends_at_s:
            self.sleep(LOOK_EVERY_S)
        return outcome


@dataclass(frozen=True, slots=True)
class Patience:
    """The limits of a process; tests make them short."""

    read_back_s: float = READ_BACK_S
    answer_s: float = ANSWER_S
    late_read_back_s: float = LATE_READ_BACK_S
    _pool: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(MAX_WORKERS, thread_name_prefix="voice")
    )
    _free: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(MAX_WORKERS))

    def deadline(self, spent_s: float) -> Deadline:
        """The deadline of a request that came so long ago [s]."""
        return Deadline(time.monotonic() + self.read_back_s - spent_s)

    def late_deadline(self) -> Deadline:
        """The deadline of a request that came now and may be answered late."""
        return Deadline(time.monotonic() + self.late_read_back_s)

    def within(
        self, work: Callable[[], _Answer], spent_s: float, promise: Promise[_Answer] = lambda: None
    ) -> _Answer | None:
        """What `work` returns; None when it does not end in time, or all workers are held up.

        Args:
            work: Goes on when it is not waited for any more.
            spent_s: Of the patience with the request [s].
            promise: Asked then, who takes what it returns late; None: nobody.
        """
        if not self._free.acquire(blocking=False):
            return None
        running = self._pool.submit(work)
        running.add_done_callback(self._release)
        try:
            return running.result(max(self.answer_s - spent_s, 0.0))
        except NotInTimeError:
            take = promise()
            if take is not None:
                running.add_done_callback(lambda done: self._hand_over(done, take))
            return None

    def _hand_over(self, done: "Future[_Answer]", take: Callable[[_Answer], None]) -> None:
        """In a thread of its own: this one may be the request's, when the work ends at just that moment."""
        if done.exception() is None:
            self._pool.submit(take, done.result())

    def _release(self, _done: "Future[_Answer]") -> None:
        self._free.release()
