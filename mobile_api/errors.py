"""Errors of the API itself, by what the caller does next; `problems.py` gives each its status."""

import math
from datetime import timedelta


class ApiError(Exception):
    """Root of every error that the API raises on purpose."""


class AddressTakenError(ApiError):
    """The API cannot listen where it is told to: give it another `API_PORT`."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(f"cannot listen on {host}:{port} ({reason}): set API_PORT to a free port")


class ExtraMissingError(ApiError):
    """A setting wants a library that is not installed."""

    def __init__(self, variable: str, extra: str) -> None:
        super().__init__(f"{variable} needs the extra {extra!r}: pip install 'ac-advisor[{extra}]'")


class UnauthenticatedError(ApiError):
    """Nobody, or nobody we know: sign in (401)."""


class ForbiddenError(ApiError):
    """Known, but not allowed to do this (403)."""


class StateConflictError(ApiError):
    """Not possible in the present state: read again, decide again (409)."""


class PreconditionFailedError(ApiError):
    """What was to be replaced or removed is not what the client has seen: read again, decide again (412)."""

    def __init__(self) -> None:
        super().__init__("it was changed meanwhile, or is not what you have read: read it again")


class MalformedRequestError(ApiError):
    """A header or a cursor is not of the form that it has to have (400)."""


class IdempotencyMismatchError(ApiError):
    """The key was used for another request: take a new one (422)."""

    def __init__(self) -> None:
        super().__init__("another request was sent under this Idempotency-Key")


class RequestInFlightError(ApiError):
    """The same request is at work: ask again in a moment (409)."""


class RateLimitedError(ApiError):
    """Too many requests: wait (429).

    Args:
        retry_after_s: How long [s].
    """

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"too many requests: wait {retry_after_s} s")
        self.retry_after_s = retry_after_s


class NoSeatError(ApiError):
    """So many requests hold a thread that no other may: come again (503)."""

    def __init__(self, most: int, what: str, *, is_own: bool) -> None:
        super().__init__(f"there are {most} {what} {'of yours' if is_own else 'at this server'} already")
        self.is_own = is_own


class UnsupportedBodyError(ApiError):
    """The body is not JSON by its content type (415)."""


class MalformedBodyError(ApiError):
    """The body does not parse as JSON (400)."""


class InvalidFieldError(ApiError):
    """One field of the body or of the query is at fault, beyond what its schema can say (422).

    Args:
        where: JSON pointer into the body (`#/setpoint_c`), or the name of a query parameter.
        detail: One line for the person who has to repair it.
    """

    def __init__(self, where: str, detail: str) -> None:
        super().__init__(detail)
        self.where = where
        self.detail = detail


class ClientRefusedError(ApiError):
    """A client cannot be registered like this: repair what is said of it."""


class TooManyAttemptsError(ApiError):
    """Too many attempts have failed: wait, whether the next one is right or wrong (429).

    Args:
        wait: How long nothing is heard.
    """

    def __init__(self, wait: timedelta) -> None:
        self.retry_after_s = max(1, math.ceil(wait.total_seconds()))
        super().__init__(f"too many attempts: try again in {self.retry_after_s} s")
