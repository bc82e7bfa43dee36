"""Errors of the cloud, by what the caller does next."""


class CloudError(Exception):
    """Root of every error that the cloud raises on purpose."""


class NotFoundError(CloudError):
    """There is no such thing: give up."""

    def __init__(self, kind: str, key: str) -> None:
        super().__init__(f"no {kind} {key!r}")
        self.kind = kind
        self.key = key


class NotReadyError(CloudError):
    """Not yet, or not now: try again later."""


class RejectedError(CloudError):
    """The input is at fault: repair it."""


class ConflictError(RejectedError):
    """The item was changed by somebody else since it was read: read again, decide again."""

    def __init__(self, pk: str, sk: str) -> None:
        super().__init__(f"{pk}/{sk} was changed meanwhile")


class AlreadyReplayedError(RejectedError):
    """The dead letter has been replayed: there is nothing left to do."""

    def __init__(self, letter_id: str) -> None:
        super().__init__(f"dead letter {letter_id[:12]} has been replayed already")


class InsufficientDataError(NotReadyError):
    """Too few rows to learn from."""

    def __init__(self, rows: int, needed: int) -> None:
        super().__init__(f"{rows} rows, at least {needed} are needed")


class UnavailableError(NotReadyError):
    """A store or a broker does not answer."""


class ForecastUnavailableError(NotReadyError):
    """There is no weather forecast now: go on with the last one, or with the outdoor sensor."""
