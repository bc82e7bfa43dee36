"""Rate limits: so many requests a minute for each account, and for each address that is nobody yet.

Each is a bucket that fills evenly (GCRA, ITU-T I.371: the whole quota at once, then one by one), kept in this
process: one number for each key, and of the keys the latest `MAX_KEYS`. So memory is bounded whoever asks, a
request costs no write to a store, and N replicas together let through N times the quota at most.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil, floor

from flask import Response, g

from mobile_api.errors import RateLimitedError
from mobile_api.sources import counted_source

WINDOW_S = 60
"""A quota is for so long [s]."""

MAX_KEYS = 50_000
"""Keys of one policy; the longest unseen is forgotten first, which only gives it its quota back early."""

COUNTED = "ac_advisor.standing"
"""In a WSGI environment: how the account stands whose request was counted before Flask saw it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a client stands after a request."""

    policy: str
    quota: int
    remaining: int
    reset_s: int
    retry_after_s: int = 0


@dataclass(slots=True)
class Buckets:
    """The buckets of one policy; safe for threads.

    Args:
        policy: Its name in the headers.
        quota: Requests in `WINDOW_S`.
        clock: Seconds that never go back.
    """

    policy: str
    quota: int
    clock: Callable[[], float] = time.monotonic
    _full_at: OrderedDict[str, float] = field(default_factory=OrderedDict[str, float])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, key: str) -> Standing:
        """Take one request from the bucket of `key`; `retry_after_s` is above 0 when it is empty."""
        interval_s, now = WINDOW_S / self.quota, self.clock()
        with self._lock:
            full_at = max(self._full_at.get(key, now), now)
            wait_s = full_at + interval_s - now - WINDOW_S
            if wait_s <= 1e-9:  # noqa: PLR2004 (sums of intervals round)
                full_at += interval_s
            self._remember(key, full_at)
        remaining = floor((WINDOW_S - (full_at - now)) / interval_s + 1e-9)
        retry_after_s = ceil(wait_s) if wait_s > 1e-9 else 0  # noqa: PLR2004 (the same)
        return Standing(self.policy, self.quota, max(0, remaining), ceil(full_at - now), retry_after_s)

    def _remember(self, key: str, full_at: float) -> None:
        self._full_at[key] = full_at
        self._full_at.move_to_end(key)
        if len(self._full_at) > MAX_KEYS:
            self._full_at.popitem(last=False)


@dataclass(frozen=True, slots=True)
class RateLimits:
    """The limits of a process."""

    accounts: Buckets
    addresses: Buckets

    def admit_account(self, account_id: str, counted: Standing | None = None) -> None:
        """Count a request of an account, unless it is `counted` already.

        Raises:
            RateLimitedError: It has used up its quota.
        """
        _admit(counted or self.accounts.take(account_id))

    def admit_address(self) -> None:
        """Count a request of nobody, or of somebody with a token that is no good.

        Raises:
            RateLimitedError: The address has used up its quota.
        """
        _admit(self.addresses.take(counted_source()))


def rate_limits(account_quota: int, address_quota: int) -> RateLimits:
    """Limits of so many requests a minute."""
    return RateLimits(Buckets("account", account_quota), Buckets("address", address_quota))


def tell(response: Response) -> None:
    """Say how the client stands (draft-ietf-httpapi-ratelimit-headers)."""
    standing: Standing | None = g.get("rate_limit")
    if standing is not None:
        response.headers.extend(told(standing))


def told(standing: Standing) -> list[tuple[str, str]]:
    """The headers that say how a client stands."""
    name = standing.policy
    return [
        ("RateLimit-Policy", f'"{name}";q={standing.quota};w={WINDOW_S}'),
        ("RateLimit", f'"{name}";r={standing.remaining};t={standing.reset_s}'),
    ]


def _admit(standing: Standing) -> None:
    g.rate_limit = standing
    if standing.retry_after_s:
        raise RateLimitedError(standing.retry_after_s)
