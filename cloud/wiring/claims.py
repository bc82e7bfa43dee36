"""The Lambda that shows claim codes, and tells gateways who lives behind them: AWS IoT's rule calls it.

AWS calls `cloud.wiring.claims.handle` with what the rule selects,
`SELECT topic() AS topic, encode(*, 'base64') AS payload FROM 'dt/ac/+/claim'`; the answer is a message.
"""

from base64 import b64decode
from collections.abc import Callable, Mapping
from functools import cache
from typing import TypeAlias

import structlog
from pydantic import ValidationError

from cloud.adapters.aws_account import POLICY
from cloud.adapters.iot_messages import IotMessages, iot_messages
from cloud.adapters.iot_things import iot_things
from cloud.claim_topic import ClaimTopic
from cloud.config import CloudSettings
from cloud.errors import ConflictError, RejectedError
from cloud.logs import configure_logs
from cloud.ports.state import StateStore
from cloud.site_devices import LetSpeak
from cloud.wiring.lake import utc_now
from cloud.wiring.state import open_state
from edge.contract import topics

ClaimHandler: TypeAlias = Callable[[Mapping[str, str], object], None]

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


def handle(event: Mapping[str, str], context: object) -> None:
    """What Lambda calls; an error has it called again, twice (Lambda, asynchronous invocation)."""
    _handler()(event, context)


def claim_handler(
    state: StateStore, messages: IotMessages, let_speak: LetSpeak | None = None
) -> ClaimHandler:
    """Such a handler, of an installation; `let_speak` of the account's registry of things."""
    heard = ClaimTopic(state, utc_now, let_speak)

    def answer(event: Mapping[str, str], _context: object) -> None:
        asker_id = topics.owner(event["topic"])
        try:
            answer = heard.hear(asker_id, b64decode(event["payload"]))
        except (ValueError, ValidationError, ConflictError, RejectedError) as error:  # who asks, asks again
            log.warning("claim_not_answered", asker_id=asker_id, reason=type(error).__name__)
            return
        if answer is not None:
            messages.publish(*answer)

    return answer


@cache
def _handler() -> ClaimHandler:
    configure_logs()
    return claim_handler(open_state(CloudSettings()), iot_messages(), iot_things(POLICY).let_speak)
