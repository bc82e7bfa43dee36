"""Another issuer of tokens (OpenID Connect, Cognito), as the settings name one, and what its tokens say."""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError

from mobile_api.config import ApiSettings
from mobile_api.errors import UnauthenticatedError
from mobile_api.remote_keys import RemoteKeys

ALGORITHMS: Final = ["RS256", "ES256"]
"""What such a token may be signed with; never `none`, never a shared secret."""

LEEWAY_S: Final = 60
"""Clocks of two services differ by no more [s]."""

MAX_TOKEN_CHARS: Final = 8192
"""No token is longer: it would not fit into a header either."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """Whom the other issuer vouches for.

    `email` is None unless the issuer has verified it. `scopes` is None when the token names none, as an ID
    token does.
    """

    issuer: str
    subject: str
    email: str | None
    issued_at: datetime
    expires_at: datetime
    scopes: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class TrustedIssuer:
    """An issuer whose tokens are accepted when they are for our audience."""

    issuer: str
    audience: str
    keys: RemoteKeys

    def issued(self, token: str) -> bool:
        """Whether a token says that it is this issuer's; nothing is believed yet."""
        return self.issuer == _unverified_issuer(token)

    def read(self, token: str, now: datetime) -> Stranger:
        """Whom a token is about.

        Raises:
            UnauthenticatedError: It is not good.
            KeysUnavailableError: Nobody can say now.
        """
        try:
            claims = self._verified(token, now)
            return Stranger(
                issuer=self.issuer,
                subject=_text(claims["sub"]),
                email=_verified_email(claims),
                issued_at=datetime.fromtimestamp(claims["iat"], UTC),
                expires_at=datetime.fromtimestamp(claims["exp"], UTC),
                scopes=_scopes(claims.get("scope")),
            )
        except (JoseError, ValueError, KeyError, TypeError, OverflowError) as error:
            raise UnauthenticatedError("the token of the other issuer is invalid or has expired") from error

    def _verified(self, token: str, now: datetime) -> dict[str, Any]:
        header = _decoded_part(token, 0)
        key = self.keys.key_for(_text(header["kid"]), now)
        if key is None:
            raise ValueError("signed by an unknown key")
        claims: dict[str, Any] = jwt.decode(token, key, algorithms=ALGORITHMS).claims
        rules: Any = {
            "iss": {"essential": True, "value": self.issuer},
            "exp": {"essential": True},
            "iat": {"essential": True},
            "sub": {"essential": True},
        }
        jwt.JWTClaimsRegistry(now=int(now.timestamp()), leeway=LEEWAY_S, **rules).validate(claims)
        if not self._is_for_us(claims):
            raise ValueError("for another audience")
        return claims

    def _is_for_us(self, claims: dict[str, Any]) -> bool:
        """By `aud`; Cognito's access tokens have `client_id` in its place, and `token_use`."""
        if "aud" in claims:
            found = claims["aud"]
            return self.audience in (found if isinstance(found, list) else [found])
        return claims.get("token_use") == "access" and claims.get("client_id") == self.audience


def trusted_issuer(settings: ApiSettings) -> TrustedIssuer | None:
    """The issuer that the settings name, if they name one."""
    if not settings.oidc_issuer:
        return None
    url = settings.oidc_jwks_url or f"{settings.oidc_issuer.rstrip('/')}/.well-known/jwks.json"
    return TrustedIssuer(settings.oidc_issuer, settings.oidc_audience, RemoteKeys(url))


def _unverified_issuer(token: str) -> object:
    if len(token) > MAX_TOKEN_CHARS:
        return None
    try:
        return _decoded_part(token, 1).get("iss")
    except (ValueError, IndexError):
        return None


def _decoded_part(token: str, part: int) -> dict[str, Any]:
    piece = token.split(".")[part]
    found = json.loads(base64.urlsafe_b64decode(piece + "=" * (-len(piece) % 4)))
    if not isinstance(found, dict):
        raise ValueError("no JSON object")  # noqa: TRY004 (whoever sent it gets one answer for all faults)
    return found


def _verified_email(claims: dict[str, Any]) -> str | None:
    """Cognito writes the truth as a text in some of its tokens."""
    verified = claims.get("email_verified")
    if "email" not in claims or not (verified is True or verified == "true"):
        return None
    return _text(claims["email"])


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("not a text")
    return value


def _scopes(claim: object) -> frozenset[str] | None:
    """The words of `scope`; of Cognito's `<resource server>/<scope>` the last part."""
    if claim is None:
        return None
    return frozenset(word.rsplit("/", 1)[-1] for word in _text(claim).split())
