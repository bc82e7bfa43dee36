"""Deferral: an answer that would come too late is promised to Alexa, and sent to its event gateway later.

Only for a person who has granted events, since the answer travels with that right. A promise lives in the
process that gave it: if that dies, Alexa says that the device does not respond, and the change itself is
still told (`reports.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

import structlog

from mobile_api.errors import ApiError
from mobile_api.voice.alexa_events import AlexaEvents
from mobile_api.voice.alexa_messages import Directive, Json, event
from mobile_api.voice.house import House
from mobile_api.voice.patience import ANSWER_S, LATE_READ_BACK_S

ESTIMATE_S = ceil(LATE_READ_BACK_S - ANSWER_S)
"""What is promised at most [s]."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(slots=True)
class Deferral:
    """The answer to one directive.

    Attributes:
        directive: What Alexa asks; None when it is none.
        events: The way to the gateway; None where there is none.
        account_id: Who may be answered late; None as long as that is not known.
        is_promised: Whether Alexa waits for it.
    """

    directive: Directive | None
    events: AlexaEvents | None
    account_id: str | None = None
    is_promised: bool = False

    def allows(self, house: House) -> bool:
        """Whether an answer about `house` may come late; found out before anything that may be slow."""
        asked = self.directive
        about_a_device = asked is not None and asked.endpoint is not None
        if self.events is None or not about_a_device or not self.events.grants.has(house.account_id):
            return False
        self.account_id = house.account_id
        return True

    def promise(self) -> Callable[[Json], None] | None:
        """How the answer is sent when it is there; None when none can be promised."""
        self.is_promised = self.account_id is not None
        return self._send if self.is_promised else None

    def _send(self, answer: Json) -> None:
        if self.events is None or self.account_id is None:
            return
        try:
            self.events.answer_late(self.account_id, answer)
        except ApiError as error:
            log.warning("voice_late_answer_lost", error=type(error).__name__)


def deferred(directive: Directive, message_id: str) -> Json:
    """A `DeferredResponse`; it names no endpoint, as Amazon's schema has it."""
    payload = {"estimatedDeferralInSeconds": ESTIMATE_S}
    made = event("Alexa", "DeferredResponse", message_id, about=directive, payload=payload)
    made["event"].pop("endpoint", None)
    return made
