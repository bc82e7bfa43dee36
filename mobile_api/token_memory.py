"""Tokens that were good a moment ago: checking a signature takes longer than all the rest of a short request.

What is remembered is what the signature said and nothing else: the session is looked up with each request, so
revocation is honoured at once. Only good tokens are remembered, so junk pushes none of them out.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

REMEMBERED_FOR = timedelta(seconds=60)
"""After that the signature is checked again: a key that is taken away is honoured no longer."""

MAX_TOKENS = 4096
"""So many at once; those that were not used for longest go first."""


class Expiring(Protocol):
    """What a token says."""

    @property
    def expires_at(self) -> datetime:
        """When it is no longer good."""
        ...


_Claims = TypeVar("_Claims", bound=Expiring)


@dataclass(slots=True)
class TokenMemory(Generic[_Claims]):
    """The claims of tokens whose signature was good; safe for threads."""

    _known: OrderedDict[str, tuple[datetime, _Claims]] = field(
        default_factory=OrderedDict[str, tuple[datetime, _Claims]]
    )
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def recall(self, token: str, now: datetime) -> _Claims | None:
        """What a token says, if that was checked a moment ago."""
        with self._lock:
            checked_at, claims = self._known.get(token, (None, None))
            if claims is None or checked_at is None:
                return None
            if checked_at <= now < min(claims.expires_at, checked_at + REMEMBERED_FOR):
                self._known.move_to_end(token)
                return claims
            del self._known[token]
        return None

    def read(self, token: str, now: datetime, check: Callable[[], _Claims]) -> _Claims:
        """What a token says, by `check` (which raises when it is no good) or as it was a moment ago."""
        if (recalled := self.recall(token, now)) is not None:
            return recalled
        claims = check()
        with self._lock:
            self._known[token] = (now, claims)
            while len(self._known) > MAX_TOKENS:
                self._known.popitem(last=False)
        return claims
