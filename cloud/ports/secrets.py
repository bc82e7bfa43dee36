"""A secret document that several processes share and replace, such as the API's signing keys."""

from typing import Protocol


class SecretDocument(Protocol):
    """One document; everybody sees the same."""

    def read(self) -> tuple[bytes, str] | None:
        """What it says and the name of that version; None where nothing was ever written.

        Raises:
            UnavailableError: It cannot be read now.
        """
        ...

    def replace(self, content: bytes, over: str) -> bool:
        """Write it, if `over` is still the version (empty: nothing was ever written).

        Returns:
            Whether it was written; if not, somebody else was quicker: read again.

        Raises:
            RejectedError: It is too long.
            UnavailableError: It is not certain; read again.
        """
        ...
