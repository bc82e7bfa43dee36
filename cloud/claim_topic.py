"""The claim topic: devices and gateways ask for their code there, and gateways say what they have found.

A gateway also asks who lives behind it; before it is told, it is let speak for them.
"""

from collections.abc import Callable
from datetime import datetime

from cloud.claims import ClaimDesk
from cloud.finding import FindingDesk
from cloud.ports.state import StateStore
from cloud.site_devices import LetSpeak, in_step
from edge.contract import ClaimRequest, DeviceId, topics


class ClaimTopic:
    """Hears what is said there.

    Args:
        store: The serving state.
        now: The clock (UTC).
        let_speak: Lets a gateway speak for others; None: whoever makes the broker's logins does.
    """

    def __init__(
        self, store: StateStore, now: Callable[[], datetime], let_speak: LetSpeak | None = None
    ) -> None:
        self._store = store
        self._claims = ClaimDesk(store, now)
        self._findings = FindingDesk(store, now)
        self._let_speak = let_speak

    def hear(self, asker_id: DeviceId, said: bytes) -> tuple[str, bytes] | None:
        """What to answer, and on which topic; None: nothing.

        Args:
            asker_id: Who it is, as the broker has made sure.
            said: The payload.

        Raises:
            ValidationError: It is no `ClaimRequest`.
            ConflictError: Something was changed at the same moment; who asks, asks again.
            RejectedError: More devices live behind a gateway than one can speak for.
            UnavailableError: The serving state, or who lets speak, does not answer.
        """
        request = ClaimRequest.model_validate_json(said or b"{}")
        if request.found:
            self._findings.take(asker_id, request.found)
        if request.asks_devices:
            devices = in_step(self._store, asker_id, self._let_speak).model_dump_json(exclude_none=True)
            return topics.claim_devices(asker_id), devices.encode()
        code = None if request.found else self._claims.answer(asker_id, request.kind)
        return None if code is None else (topics.claim_code(asker_id), code.model_dump_json().encode())
