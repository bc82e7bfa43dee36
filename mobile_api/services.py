"""What every view may use: the stores, the clock, the keys. One object, held by the app."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Protocol, TypeAlias, cast

from flask import Flask, current_app

from cloud.ports.history import DeviceHistory
from cloud.ports.state import StateStore
from cloud.ports.telemetry import AppReadings, DeadLetters
from mobile_api.config import ApiSettings
from mobile_api.cursors import Cursors
from mobile_api.inbox import EntryIds
from mobile_api.metrics import Metrics
from mobile_api.passwords import Passwords
from mobile_api.post import Post
from mobile_api.rate_limits import RateLimits
from mobile_api.records import SubscriptionRecord
from mobile_api.served import Traces
from mobile_api.tokens import AccessTokens
from mobile_api.trusted_issuer import TrustedIssuer

_EXTENSION = "ac_advisor"


PushOutcome: TypeAlias = Literal["sent", "gone", "later"]
"""`gone`: the browser wants no more, or never did; `later`: try again."""


class PushService(Protocol):
    """The way to people's browsers."""

    @property
    def public_key(self) -> str:
        """The application server key, base64url."""
        ...

    def send(self, to: SubscriptionRecord) -> PushOutcome:
        """Say to a browser that advice waits, and nothing else."""
        ...


@dataclass(frozen=True)
class Services:
    """The outside of the API, as ports.

    Attributes:
        state: Serving state.
        readings: Recent readings.
        history: All readings.
        letters: What was refused, for operators.
        settings: Settings of the process.
        now: The wall clock (UTC); tokens and sessions know no other.
        passwords: Hashes and checks passwords.
        tokens: Signs and checks access tokens.
        metrics: Counts what was served.
        entry_ids: Names what is left in the inbox.
        post: Sends mails beside the request.
        federation: Another issuer whose tokens are accepted, if there is one.
        cursors: Writes and reads where lists go on.
        limits: Counts who asks how often.
        push: The way to browsers; None where push is not offered.
        traces: Where requests are traced; None: they are not.
    """

    state: StateStore
    readings: AppReadings
    history: DeviceHistory
    letters: DeadLetters
    settings: ApiSettings
    now: Callable[[], datetime]
    passwords: Passwords
    tokens: AccessTokens
    metrics: Metrics
    entry_ids: EntryIds
    post: Post
    federation: TrustedIssuer | None
    cursors: Cursors
    limits: RateLimits
    push: PushService | None = None
    traces: Traces | None = None

    def on(self, state: StateStore) -> "Services":
        """The same over another view of the serving state."""
        other = object.__new__(Services)  # once a request: `replace` asks each field what it is
        other.__dict__.update(self.__dict__, state=state)
        return other

    def device_now(self, device_id: str) -> datetime:
        """What time it is for a device: the wall clock's, or with `clock=telemetry` its newest reading's."""
        if self.settings.clock == "wall":
            return self.now()
        newest = self.readings.latest(device_id)
        return self.now() if newest is None else newest.sampled_at


def install(app: Flask, offered: Services) -> None:
    """Give `app` its services."""
    app.extensions[_EXTENSION] = offered


_own: Final[ContextVar[Services | None]] = ContextVar("own_services", default=None)


def services() -> Services:
    """The services of the app that serves this request, or those that this request has of its own."""
    return _own.get() or app_services()


@contextmanager
def using(own: Services) -> Iterator[None]:
    """Let what is done meanwhile be done by `own`, in this thread."""
    token = _own.set(own)
    try:
        yield
    finally:
        _own.reset(token)


def app_services() -> Services:
    """The services of the app: what is written by them is no part of a request's work, and stays."""
    return services_of(current_app)


def services_of(app: Flask) -> Services:
    """The services of an app."""
    return cast("Services", app.extensions[_EXTENSION])
