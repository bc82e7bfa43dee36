"""The deletion desk of ingest: what deleted devices have said leaves log, dead letters and lake, for good.

It works beside sealing and commits, since a lake of many days takes its time. Killed at any moment, it goes
on from the requests in the serving state.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event as Flag

import structlog

from cloud.deletion import open_requests, settle
from cloud.errors import ConflictError, UnavailableError
from cloud.forgetting import forget
from cloud.ports.deletion import DOERS, SCRUB_PK, DeletionRecord, deletion_pk
from cloud.ports.ingest import CompactingLake, Said
from cloud.ports.state import Delete, Item, Put, StateStore
from cloud.quality.daily import DailyQuality

SETTLING: timedelta = timedelta(seconds=10)
"""So long after a device was deleted, ingest accepts nothing more of it: registrations are at most 2 s old,
and a commit waits at most 5 s for its file."""

LOOK_S = 2.0
"""How often it looks for requests [s]."""

TIDY_EVERY = 300
"""Looks between two removals of what has expired in the serving state: ten minutes."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()

Requests = Sequence[tuple[Item, DeletionRecord]]


@dataclass(slots=True)
class DeletionDesk:
    """Carries out what is asked of ingest.

    Attributes:
        state: Where the requests are.
        said: What was taken in, but for the lake.
        lake: The lake behind it.
        reports: What was said of days in the lake.
        scrub: Leaves nothing of removed items in the serving state's file.
        now: The wall clock (UTC).
        settling: So long after a device was deleted something of it may still be taken in.
    """

    state: StateStore
    said: Said
    lake: CompactingLake
    reports: DailyQuality
    scrub: Callable[[], None]
    now: Callable[[], datetime]
    settling: timedelta = SETTLING
    _looks: int = field(default=0)

    def run(self, stop: Flag) -> None:
        """Carry out requests until `stop`; what fails is tried again."""
        failing = False
        while not stop.wait(LOOK_S):
            try:
                self.look()
                failing = False
            except UnavailableError as error:
                if not failing:
                    log.warning("deletion_delayed", reason=str(error))
                failing = True

    def look(self) -> None:
        """Do what is asked.

        Raises:
            UnavailableError: Something is still there; look again.
        """
        requests = list(open_requests(self.state, "ingest"))
        self._begin([each for each in requests if self._is_due(each[1])])
        self._go_on([each for each in requests if each[1].begun])
        self._scrub()

    def _is_due(self, request: DeletionRecord) -> bool:
        """By a clock that was set back, what was asked in the future is due."""
        return not request.begun and abs(self.now() - request.asked_at) >= self.settling

    def _begin(self, requests: Requests) -> None:
        """Everything up to now: nobody can have claimed these devices yet."""
        if not requests:
            return
        device_ids = [request.device_id for _, request in requests]
        done = forget(self.said, self.lake, device_ids)
        self.reports.forget(device_ids)  # last: none is made any more that names them
        for item, request in requests:
            if done.complete:
                settle(self.state, item)
                continue
            body = request.model_copy(update={"begun": True}).model_dump(mode="json")
            with suppress(ConflictError):  # deleted once more
                self.state.transact([Put(item.pk, item.sk, body, if_version=item.version)])

    def _go_on(self, requests: Requests) -> None:
        """What the lake has noted and could not remove yet, since a killed writer had left files."""
        if requests and self.lake.forget([], 0).complete:
            for item, _ in requests:
                settle(self.state, item)

    def _scrub(self) -> None:
        """Once nobody needs the id any more, it leaves the journal of the serving state, too."""
        self._looks += 1
        ready = [item for item in self.state.query(SCRUB_PK) if self._is_settled(item)]
        if ready or self._looks % TIDY_EVERY == 0:
            self.scrub()
        for item in ready:
            with suppress(ConflictError):
                self.state.transact([Delete(item.pk, item.sk, if_version=item.version)])

    def _is_settled(self, item: Item) -> bool:
        return all(self.state.get(deletion_pk(doer), item.sk) is None for doer in DOERS)
