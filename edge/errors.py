"""Errors of the edge, by what the caller does next."""

from pathlib import Path


class EdgeError(Exception):
    """Root of every error that the edge raises on purpose."""


class NotReadyError(EdgeError):
    """Not yet, or not now: try again later."""


class RejectedError(EdgeError):
    """The input is at fault: repair it."""


class UplinkUnavailableError(NotReadyError):
    """It is not certain that the cloud has it: send the same again."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the cloud cannot be reached: {why}")


class DevicesUnavailableError(NotReadyError):
    """Devices on the site cannot be told now: they are told when the site is back."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the site's broker cannot be reached: {why}")


class SpoolFullError(NotReadyError):
    """There is no room: nothing was written; offer the same again when the cloud has taken some."""

    def __init__(self, size_bytes: int, limit_bytes: int) -> None:
        super().__init__(f"the spool holds {size_bytes} of {limit_bytes} bytes")
        self.size_bytes = size_bytes
        self.limit_bytes = limit_bytes


class SpoolUnavailableError(NotReadyError):
    """The disk does not do what it should: nothing was written; offer the same again later."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the spool cannot be written: {why}")


class RegistrationError(RejectedError):
    """The list of devices cannot be read."""

    def __init__(self, source: str | Path, why: str) -> None:
        super().__init__(f"devices in {source}: {why}")


class CloudAwayError(NotReadyError):
    """The cloud does not answer, or does not know us: try again later."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the cloud does not answer: {why}")


class CloudRefusedError(RejectedError):
    """The cloud will not do what was asked for."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the cloud refuses: {why}")


class UnreadableError(RejectedError):
    """A message of a foreign device says nothing that can be understood."""
