"""The claim topic: devices and gateways ask for their code there, and gateways say what they have found."""

from collections.abc import Callable
from datetime import datetime

from cloud.claims import ClaimDesk
from cloud.finding import FindingDesk
from cloud.ports.state import StateStore
from edge.contract import ClaimCode, ClaimRequest, DeviceId


class ClaimTopic:
    """Hears what is said there.

    Args:
        store: The serving state.
        now: The clock (UTC).
    """

    def __init__(self, store: StateStore, now: Callable[[], datetime]) -> None:
        self._claims = ClaimDesk(store, now)
        self._findings = FindingDesk(store, now)

    def hear(self, asker_id: DeviceId, said: bytes) -> ClaimCode | None:
        """The code to answer with; None: nothing, as to what a gateway has found, which its people see.

        Args:
            asker_id: Who it is, as the broker has made sure.
            said: The payload.

        Raises:
            ValidationError: It is no `ClaimRequest`.
            ConflictError: Something was changed at the same moment; who asks, asks again.
            UnavailableError: The serving state does not answer.
        """
        request = ClaimRequest.model_validate_json(said or b"{}")
        if request.found:
            self._findings.take(asker_id, request.found)
            return None
        return self._claims.answer(asker_id, request.kind)
