"""The seal of a file: its last line, by which damage and, with a key, forgery are seen."""

import hashlib
import hmac
from typing import Final

from cloud.errors import RejectedError

MIN_KEY_BYTES: Final = 32
"""As long as the digest: RFC 2104, section 3, discourages shorter keys."""

_DOMAIN: Final = b"ac-advisor model registry\n"
"""In front of what is signed, so that nothing else that the key signs can be taken for it."""


class BrokenSealError(RejectedError):
    """A file of the registry is not the one that was written."""

    def __init__(self, name: str) -> None:
        super().__init__(f"model registry: {name} was altered; restore the registry from a copy")


class UnsignedError(RejectedError):
    """There is a key, and what was read is not signed."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"model registry: {name} is not signed; if you trust what is there: `ac-advisor models sign`"
        )


class KeyNeededError(RejectedError):
    """There is a signature, and no key to check it with."""

    def __init__(self, name: str) -> None:
        super().__init__(f"model registry: {name} is signed: set CLOUD_MODELS_KEY to check it")


class ShortKeyError(RejectedError):
    """A key that could be guessed."""

    def __init__(self) -> None:
        super().__init__(f"CLOUD_MODELS_KEY is too short: at least {MIN_KEY_BYTES} characters")


class Seal:
    """Closes and opens the texts of one registry.

    Args:
        key: Signs by HMAC-SHA-256; empty: a plain SHA-256 instead.

    Raises:
        ShortKeyError: The key is too short.
    """

    def __init__(self, key: bytes = b"") -> None:
        if 0 < len(key) < MIN_KEY_BYTES:
            raise ShortKeyError
        self._key = key

    @property
    def signs(self) -> bool:
        """Whether there is a key."""
        return bool(self._key)

    def close(self, body: bytes) -> bytes:
        """`body` with its seal."""
        return body + b"\n" + self._line(body, signed=self.signs)

    def open(self, name: str, sealed: bytes, *, trust: bool = False) -> bytes:
        """The body of what `close` made.

        Args:
            name: Of the file, for the error.
            sealed: What the file holds.
            trust: Take it without a signature: a person vouches for it, or a signed text does.

        Raises:
            BrokenSealError: It was altered.
            UnsignedError: It is not signed, and there is a key.
            KeyNeededError: It is signed, and there is no key.
        """
        body, _, line = sealed.rpartition(b"\n")
        signed = line.startswith(b"hmac-sha256 ")
        if signed and not self.signs:
            raise KeyNeededError(name)
        if not hmac.compare_digest(line, self._line(body, signed=signed)):
            raise BrokenSealError(name)
        if self.signs and not signed and not trust:
            raise UnsignedError(name)
        return body

    def _line(self, body: bytes, *, signed: bool) -> bytes:
        text = _DOMAIN + body
        if signed:
            return f"hmac-sha256 {hmac.new(self._key, text, hashlib.sha256).hexdigest()}".encode()
        return f"sha256 {hashlib.sha256(text).hexdigest()}".encode()
