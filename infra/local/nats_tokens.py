"""NATS tokens: the signed answers by which the broker is told who a client is (JWT version 2, nkeys).

Keys are Ed25519; as text a key is its kind, its 32 bytes and a CRC-16, in Base32 (github.com/nats-io/nkeys).
A token is a JWT with the algorithm `ed25519-nkey` (github.com/nats-io/jwt).
"""

import base64
import binascii
import hashlib
import json
import time
from collections.abc import Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_ACCOUNT: Final = 0
"""Kind of a key that signs for users: its text begins with A."""

_HEADER: Final = {"typ": "JWT", "alg": "ed25519-nkey"}


class Issuer:
    """Signs tokens, with a key of this process that is never written down."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()
        self.name = _as_text(self._key.public_key().public_bytes_raw())

    def sign(self, subject: str, audience: str, nats: Mapping[str, Any]) -> str:
        """A token about `subject`, for `audience`, that says `nats`."""
        claims = {"iss": self.name, "sub": subject, "aud": audience, "iat": int(time.time()), "nats": nats}
        digest = hashlib.sha256(json.dumps(claims).encode()).digest()
        body = f"{_encoded(_HEADER)}.{_encoded({**claims, 'jti': base64.b32encode(digest).decode()})}"
        return f"{body}.{_base64(self._key.sign(body.encode()))}"


def claims_of(token: bytes) -> dict[str, Any]:
    """What a token says; whose it is must be known otherwise.

    Raises:
        ValueError: It is no token.
    """
    try:
        body = token.split(b".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4)))
    except (IndexError, ValueError) as error:
        msg = "no token"
        raise ValueError(msg) from error
    if not isinstance(claims, dict):
        msg = "no token"
        raise ValueError(msg)  # noqa: TRY004 (a token's fault, not a caller's)
    return claims


def _as_text(public_key: bytes) -> str:
    raw = bytes([_ACCOUNT]) + public_key
    return base64.b32encode(raw + binascii.crc_hqx(raw, 0).to_bytes(2, "little")).decode().rstrip("=")


def _encoded(document: Mapping[str, Any]) -> str:
    return _base64(json.dumps(document, separators=(",", ":")).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
