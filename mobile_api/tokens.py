"""Access tokens: short-lived JWTs, signed with ES256, that name a session (RFC 9068, RFC 7519)."""

import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from mobile_api.errors import UnauthenticatedError
from mobile_api.records import Scope, SessionRecord
from mobile_api.token_memory import TokenMemory

LIFETIME = timedelta(minutes=15)
"""How long an access token is good; its session is looked up with each request besides."""

ISSUER = "ac-advisor"
AUDIENCE = "ac-advisor-api"
_ALGORITHM = "ES256"


@dataclass(frozen=True, slots=True)
class Claims:
    """What an access token says."""

    account_id: str
    session_id: str
    scopes: frozenset[str]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class AccessTokens:
    """Signs with the first key, accepts any of them (so keys can be rotated)."""

    keys: KeySet
    _memory: TokenMemory[Claims] = field(default_factory=TokenMemory[Claims])

    def issue(self, session: SessionRecord, scopes: Iterable[Scope], now: datetime) -> str:
        """A token for `session`, good for `LIFETIME` from `now`."""
        key = self.keys.keys[0]
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": session.account_id,
            "sid": session.session_id,
            "client_id": session.client_id,
            "scope": " ".join(scopes),
            "iat": int(now.timestamp()),
            "exp": int((now + LIFETIME).timestamp()),
            "jti": secrets.token_urlsafe(12),
        }
        header = {"alg": _ALGORITHM, "typ": "at+jwt", "kid": key.kid}
        return jwt.encode(header, claims, key, algorithms=[_ALGORITHM])

    def read(self, token: str, now: datetime) -> Claims:
        """What a token says.

        Raises:
            UnauthenticatedError: It is none of ours, or no longer good.
        """
        return self._memory.read(token, now, partial(self._check, token, now))

    def _check(self, token: str, now: datetime) -> Claims:
        expected: Any = {
            "iss": {"essential": True, "value": ISSUER},
            "aud": {"essential": True, "value": AUDIENCE},
            "exp": {"essential": True},
            "sub": {"essential": True},
            "sid": {"essential": True},
        }
        try:
            found = jwt.decode(token, self.keys, algorithms=[_ALGORITHM]).claims
            jwt.JWTClaimsRegistry(now=int(now.timestamp()), **expected).validate(found)
        except (JoseError, ValueError) as error:
            raise UnauthenticatedError("the access token is invalid or has expired") from error
        expires_at = datetime.fromtimestamp(found["exp"], UTC)
        return Claims(found["sub"], found["sid"], frozenset(str(found.get("scope", "")).split()), expires_at)


def open_keys(path: Path) -> KeySet:
    """The signing keys in `path`; made there, readable by their owner only, when there are none.

    Processes that start together agree: the first to link its file wins, the others read it.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = KeySet([make_key()]).as_dict(private=True)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(fresh, file)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was first
        finally:
            draft.unlink()
    return KeySet.import_key_set(json.loads(path.read_text()))


def make_key() -> ECKey:
    """A new signing key, named by its thumbprint (RFC 7638)."""
    key = ECKey.generate_key("P-256", private=True)
    key.ensure_kid()
    return key
