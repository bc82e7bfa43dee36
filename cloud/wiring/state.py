"""Where the serving state is, by the settings."""

from typing import Final, Protocol

from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.config import CloudSettings
from cloud.ports.state import StateStore
from cloud.wiring.lake import utc_now

DYNAMODB: Final = "dynamodb://"
FILE: Final = "state.sqlite"


class OpenedState(StateStore, Protocol):
    """A store that somebody has to close."""

    def close(self) -> None:
        """Give back what it holds."""
        ...


def open_state(settings: CloudSettings) -> OpenedState:
    """The serving state of this installation.

    Raises:
        UnavailableError: It cannot be opened.
    """
    if settings.state.startswith(DYNAMODB):
        from cloud.adapters.dynamodb_state import dynamodb_state  # noqa: PLC0415 (boto3 is an extra)

        return dynamodb_state(settings.state.removeprefix(DYNAMODB), utc_now)
    return SqliteStateStore(settings.data_dir / FILE)


def has_state(settings: CloudSettings) -> bool:
    """Whether there is a serving state to look into: a look should make none."""
    return settings.state.startswith(DYNAMODB) or (settings.data_dir / FILE).exists()
