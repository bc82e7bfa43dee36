"""Post: mails leave beside the request, so that an answer does not tell by its time whether one was sent."""

import queue
import threading
from dataclasses import dataclass, field
from typing import Final

import structlog

from cloud.errors import CloudError
from cloud.ports.mail import Mail, Mailer

MAX_WAITING: Final = 1000
"""Mails that wait; one more is dropped, and its person asks again."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(slots=True)
class Post:
    """Hands mails to a mailer, one after another, in a thread that the first mail starts.

    Without a mailer no mail leaves. A mail that waits when the process ends is lost; whatever it offers can
    be asked for again.
    """

    mailer: Mailer | None
    _waiting: "queue.Queue[Mail]" = field(init=False)
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock)
    _thread: threading.Thread | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._waiting = queue.Queue(MAX_WAITING)

    def send(self, mail: Mail) -> None:
        """Have `mail` sent soon."""
        if self.mailer is None:
            return
        try:
            self._waiting.put_nowait(mail)
        except queue.Full:
            log.warning("mail_dropped", waiting=MAX_WAITING)
            return
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._deliver, args=(self.mailer,), name="post", daemon=True
                )
                self._thread.start()

    def flush(self) -> None:
        """Return when nothing waits."""
        self._waiting.join()

    def _deliver(self, mailer: Mailer) -> None:
        while True:
            mail = self._waiting.get()
            try:
                mailer.send(mail)
            except CloudError as error:
                log.warning("mail_not_sent", reason=str(error))
            except Exception:  # outermost loop of a worker: the next mail must leave all the same
                log.exception("mail_failed")
            finally:
                self._waiting.task_done()
