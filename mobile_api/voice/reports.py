"""Reports: vendors are told unasked of what changes at people's devices, beside all requests.

One replica does it at a time, by a lease. Readings that come say whom to look at; from time to time everybody
is looked at, for what no reading tells: devices that came, went, fell silent. What is told is the difference
between what a vendor was told last and what is so now (`told.py`), whoever finds it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog
from flask import Flask

from cloud.errors import CloudError
from cloud.ports.records import device_pk, home_pk
from cloud.ports.state import every
from mobile_api import background
from mobile_api.access import Principal
from mobile_api.background import Trouble
from mobile_api.errors import ApiError, ForbiddenError
from mobile_api.leases import Lease
from mobile_api.services import services
from mobile_api.sessions import find_session
from mobile_api.voice.house import Aircon
from mobile_api.voice.outbound import VendorUnreachableError
from mobile_api.voice.patience import Deadline
from mobile_api.voice.served_house import ServedHouse
from mobile_api.voice.told import Reporter, Vendor

LOOK_EVERY_S: Final = 2.0
"""How often it is looked for readings that have come [s]."""

SWEEP_EVERY: Final = timedelta(seconds=60)
"""How often everybody is looked at."""

FIRST_RETRY: Final = timedelta(seconds=5)
"""When a vendor is tried again for an account; then twice as late each time, or as late as it says."""

MAX_RETRY: Final = timedelta(minutes=5)

MAX_FAILURES: Final = 3
"""A vendor that fails for so many accounts on end is let alone until the next look."""

MAX_BEHIND: Final = 5000
"""When more readings have come, everybody is looked at instead."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(slots=True)
class VoiceReports:
    """The reports of this replica, idle while another has the lease."""

    reporters: Sequence[Reporter]
    context: Callable[[], AbstractContextManager[object]]
    lease: Lease = field(default_factory=lambda: Lease("voice"))
    _position: int | None = None
    _swept_at: datetime | None = None
    _due: set[tuple[Vendor, str]] = field(default_factory=set[tuple[Vendor, str]])
    _trouble: dict[tuple[Vendor, str], Trouble] = field(default_factory=dict[tuple[Vendor, str], Trouble])

    def look(self) -> None:
        """Tell what is to be told now."""
        with self.context():
            if not self._is_ours():
                self._position = None  # who gets the lease again has to look at everybody
                return
            self._find_due()
            for reporter in self.reporters:
                self._tell_due(reporter)

    def _is_ours(self) -> bool:
        use = services()
        return self.lease.is_held(use.state, use.now())

    def _find_due(self) -> None:
        """Whom to look at: since the log was read last, or everybody."""
        use = services()
        now, position = use.now(), self._position
        logged = [] if position is None else use.readings.read_after(position, MAX_BEHIND)
        is_behind = position is None or len(logged) == MAX_BEHIND
        self._position = use.readings.head() if is_behind else logged[-1].position if logged else position
        if is_behind or self._swept_at is None or now - self._swept_at >= SWEEP_EVERY:
            self._swept_at = now
            for reporter in self.reporters:
                self._due |= {(reporter.vendor, account_id) for account_id in reporter.account_ids()}
            return
        for account_id in _accounts_of({each.reading.device_id for each in logged}):
            for reporter in self.reporters:
                if reporter.session_id(account_id) is not None:
                    self._due.add((reporter.vendor, account_id))

    def _tell_due(self, reporter: Reporter) -> None:
        failures, vendor = 0, reporter.vendor
        for key in sorted(each for each in self._due if each[0] == vendor):
            trouble = self._trouble.get(key)
            if trouble is not None and services().now() < trouble.again_at:
                continue
            if failures == MAX_FAILURES or not self._is_ours():
                return
            failures = 0 if self._tell(reporter, key) else failures + 1

    def _tell(self, reporter: Reporter, key: tuple[Vendor, str]) -> bool:
        """Tell of one account; False when that has to be done again later."""
        try:
            airs = _devices_of(reporter, key[1])
            if airs is None:
                reporter.forget(key[1])
            else:
                reporter.tell(key[1], airs)
        except (ApiError, CloudError) as error:
            self._wait(key, error)
            return False
        self._due.discard(key)
        self._trouble.pop(key, None)
        return True

    def _wait(self, key: tuple[Vendor, str], error: ApiError | CloudError) -> None:
        before = self._trouble.get(key)
        attempts = 1 if before is None else before.attempts + 1
        wait = min(FIRST_RETRY * 2 ** min(attempts - 1, 10), MAX_RETRY)
        if isinstance(error, VendorUnreachableError):
            wait = max(wait, min(timedelta(seconds=error.after_s), MAX_RETRY))
        self._trouble[key] = Trouble(attempts, services().now() + wait)
        log.warning("voice_report_delayed", vendor=key[0], error=type(error).__name__, attempts=attempts)


def start(app: Flask, reporters: Sequence[Reporter]) -> None:
    """Report beside everything else, where somebody is to be told."""
    if reporters:
        background.start("voice_reports", VoiceReports(reporters, app.app_context).look, LOOK_EVERY_S)


def _accounts_of(device_ids: Iterable[str]) -> Iterator[str]:
    """The people of the homes that devices are in."""
    state = services().state
    items = (state.get(device_pk(device_id), "device") for device_id in device_ids)
    for home_id in {item.body.get("home_id") for item in items if item is not None} - {None}:
        for member in every(state, home_pk(str(home_id)), "member#"):
            yield member.sk.removeprefix("member#")


def _devices_of(reporter: Reporter, account_id: str) -> list[Aircon] | None:
    """The devices of an account as its assistant may see them; None when the sign-in has ended."""
    use = services()
    session_id = reporter.session_id(account_id)
    session = None if session_id is None else find_session(use.state, session_id, use.now())
    if session is None:
        return None
    house = ServedHouse(Principal(account_id, session, frozenset(session.scopes)), Deadline(0.0))
    try:
        return house.aircons()
    except ForbiddenError:
        return []
