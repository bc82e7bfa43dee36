"""Errors of the API itself, by what the caller does next; `problems.py` gives each its status."""


class ApiError(Exception):
    """Root of every error that the API raises on purpose."""


class AddressTakenError(ApiError):
    """The API cannot listen where it is told to: give it another `API_PORT`."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(f"cannot listen on {host}:{port} ({reason}): set API_PORT to a free port")


class UnauthenticatedError(ApiError):
    """Nobody, or nobody we know: sign in (401)."""


class ForbiddenError(ApiError):
    """Known, but not allowed to do this (403)."""


class StateConflictError(ApiError):
    """Not possible in the present state: read again, decide again (409)."""


class TooManyStreamsError(ApiError):
    """No room for another stream: poll, and come again (429 if the account has its share, else 503)."""

    def __init__(self, most: int, *, is_own: bool) -> None:
        super().__init__(
            f"{most} streams {'of this account' if is_own else 'of this server'} are open already"
        )
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
