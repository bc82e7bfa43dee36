"""What one ingest worker does for all that share a log: sealing, deleting; another follows when it ends."""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import structlog

from cloud.adapters.file_lock import FileLock
from cloud.deletion_desk import DeletionDesk
from cloud.lake_sealer import LakeSealer

STOP_S = 7.0
"""How long a clean stop waits for the sealer [s]; a supervisor kills after ten."""

LOCK_POLL_S = 0.5
"""How often a worker looks whether nobody seals [s]."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(slots=True)
class Sealing:
    """Seals and deletes beside a block, each on a thread, as soon as nobody else does.

    Attributes:
        make: Makes the sealer, which looks at the lake as it is then, and the desk.
        lock: Held by who seals.
        stop: Ends it; set when it fails, which ends the process.
        failed: Whether it has failed.
    """

    make: Callable[[], tuple[LakeSealer, DeletionDesk]]
    lock: FileLock
    stop: threading.Event
    failed: bool = False
    _sealer: LakeSealer | None = None
    _thread: threading.Thread = field(init=False)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name="sealer", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """End in order, and in time."""
        self.stop.set()
        self.request()
        self._thread.join(STOP_S)
        if self._thread.is_alive():  # in a run of very many days: as if killed, it is written again
            log.warning("sealing_given_up", after_s=STOP_S)
            logging.shutdown()
            os._exit(1 if self.failed else 0)
        self.lock.release()

    def request(self) -> None:
        """Seal at once, if it is us who seal."""
        sealer = self._sealer
        if sealer is not None:
            sealer.request()

    def _run(self) -> None:
        with self._ends_all("sealer"):
            while not self.lock.try_hold():
                if self.stop.wait(LOCK_POLL_S):
                    return
            self._sealer, desk = self.make()
            deleting = threading.Thread(target=self._delete, args=(desk,), name="deletion_desk", daemon=True)
            deleting.start()
            self._sealer.run(self.stop)
            deleting.join()

    def _delete(self, desk: DeletionDesk) -> None:
        with self._ends_all("deletion_desk"):
            desk.run(self.stop)

    @contextmanager
    def _ends_all(self, thread: str) -> Iterator[None]:
        """What fails on one thread ends the process."""
        try:
            yield
        except Exception:
            log.exception("thread_failed", thread=thread)
            self.failed = True
            self.stop.set()
