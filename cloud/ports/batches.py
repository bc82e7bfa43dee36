"""Where batches of a stream go that come again until they are kept, in pieces that may differ each time."""

from collections.abc import Sequence
from typing import Protocol

from cloud.ports.telemetry import IngestCommit


class BatchStore(Protocol):
    """Keeps what records brought; one that comes again changes nothing."""

    def keep(self, commits: Sequence[IngestCommit]) -> None:
        """Make everything durable.

        Args:
            commits: What each record brought, in order; `received_at` is when it arrived, the same each time.

        Raises:
            UnavailableError: Some of it may not be durable; keep it again.
        """
        ...
