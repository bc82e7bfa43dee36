"""Another issuer's public keys: fetched when they are needed, kept for a while, never waited for long."""

import http.client
import json
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from cloud.errors import NotReadyError

TIMEOUT_S: Final = 3.0
"""A key server that says nothing for so long is taken to be down [s]."""

MAX_BYTES: Final = 64 * 1024
"""No set of keys is longer [bytes]."""

MAX_KEYS: Final = 20
"""No set of keys has more."""

FRESH_FOR: Final = timedelta(hours=1)
"""Kept keys are used so long without another look."""

KEPT_FOR: Final = timedelta(hours=24)
"""While the key server is down, kept keys serve so long."""

ASK_AGAIN: Final = timedelta(minutes=1)
"""At most so often are keys fetched, whatever unknown key ids people send."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class KeysUnavailableError(NotReadyError):
    """The other issuer's keys cannot be had now: try again later."""

    def __init__(self) -> None:
        super().__init__("the keys of the other issuer cannot be had now")


@dataclass(slots=True)
class RemoteKeys:
    """The key set at an address: https (http on loopback, for a stand-in), redirects not followed."""

    url: str
    _keys: KeySet | None = field(init=False, default=None)
    _fetched_at: datetime | None = field(init=False, default=None)
    _asked_at: datetime | None = field(init=False, default=None)
    _guard: threading.Lock = field(init=False, default_factory=threading.Lock)

    def key_for(self, kid: str, now: datetime) -> Any | None:  # noqa: ANN401 (joserfc's key)
        """The public key of this id; None when the issuer has no such key.

        Raises:
            KeysUnavailableError: No keys could be fetched, and none are kept.
        """
        key = self._kept(kid, now)
        if key is not None and self._fetched_at is not None and now - self._fetched_at < FRESH_FOR:
            return key
        self._refresh(now)
        if self._keys is None:
            raise KeysUnavailableError
        return self._kept(kid, now)

    def _kept(self, kid: str, now: datetime) -> Any | None:  # noqa: ANN401 (the same)
        if self._keys is None or self._fetched_at is None or now - self._fetched_at >= KEPT_FOR:
            return None
        return next((key for key in self._keys.keys if key.kid == kid), None)

    def _refresh(self, now: datetime) -> None:
        """Fetch, unless that was tried just now; one thread does it, the others go on with what is kept."""
        if self._asked_at is not None and now - self._asked_at < ASK_AGAIN:
            return
        if not self._guard.acquire(blocking=self._keys is None):
            return
        try:
            if self._asked_at is None or now - self._asked_at >= ASK_AGAIN:
                self._asked_at = now
                self._keys, self._fetched_at = _fetch(self.url), now
        except (OSError, http.client.HTTPException, ValueError, JoseError) as error:
            log.warning("issuer_keys_not_fetched", reason=type(error).__name__)
        finally:
            self._guard.release()


def _fetch(url: str) -> KeySet:
    """The keys.

    Raises:
        ValueError: The answer is no key set, or the address may not be asked.
        OSError, HTTPException: There is no answer.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in {"127.0.0.1", "::1", "localhost"}:
        raise ValueError("keys are fetched over https only")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=TIMEOUT_S)
    try:
        path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        connection.request("GET", path, headers={"Accept": "application/json"})
        response = connection.getresponse()
        body = response.read(MAX_BYTES + 1)
    finally:
        connection.close()
    if response.status != http.client.OK or len(body) > MAX_BYTES:
        raise ValueError("no key set was answered")
    return _parse(json.loads(body))


def _parse(document: Any) -> KeySet:  # noqa: ANN401 (JSON)
    """Of all keys, those that can sign: public ones of RSA and EC with an id."""
    found = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(found, list) or len(found) > MAX_KEYS:
        raise ValueError("no key set was answered")
    usable = [
        each
        for each in found
        if isinstance(each, dict) and each.get("kty") in {"RSA", "EC"} and each.get("use", "sig") == "sig"
    ]
    return KeySet.import_key_set({"keys": [each for each in usable if isinstance(each.get("kid"), str)]})
