"""Access tokens: short-lived JWTs, signed with ES256, that name a session (RFC 9068, RFC 7519)."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError

from mobile_api.errors import UnauthenticatedError
from mobile_api.keys import SigningKeys
from mobile_api.records import Scope, SessionRecord
from mobile_api.token_memory import TokenMemory

LIFETIME = timedelta(minutes=15)
"""How long an access token is good; its session is looked up with each request besides."""

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
    """Signs with the key that signs now, accepts any that is believed.

    Args:
        keys: The keys.
        issuer: `iss` of every token, the API's own address.
    """

    keys: SigningKeys
    issuer: str
    _memory: TokenMemory[Claims] = field(default_factory=TokenMemory[Claims])

    def issue(self, session: SessionRecord, scopes: Iterable[Scope], now: datetime) -> str:
        """A token for `session`, good for `LIFETIME` from `now`."""
        key = self.keys.signing(now)
        claims = {
            "iss": self.issuer,
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

    def recall(self, token: str, now: datetime) -> Claims | None:
        """What a token of ours says that was read a moment ago; None: nobody has, or it is no longer good."""
        return self._memory.recall(token, now)

    def _check(self, token: str, now: datetime) -> Claims:
        expected: Any = {
            "iss": {"essential": True, "value": self.issuer},
            "aud": {"essential": True, "value": AUDIENCE},
            "exp": {"essential": True},
            "sub": {"essential": True},
            "sid": {"essential": True},
        }
        try:
            found = jwt.decode(token, self.keys.accepted(now), algorithms=[_ALGORITHM]).claims
            jwt.JWTClaimsRegistry(now=int(now.timestamp()), **expected).validate(found)
        except (JoseError, ValueError) as error:
            raise UnauthenticatedError("the access token is invalid or has expired") from error
        expires_at = datetime.fromtimestamp(found["exp"], UTC)
        return Claims(found["sub"], found["sid"], frozenset(str(found.get("scope", "")).split()), expires_at)
