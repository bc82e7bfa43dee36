"""The Lambda that shows claim codes: AWS IoT's rule calls it with what a device or gateway asks.

AWS calls `cloud.wiring.claims.handle` with what the rule selects,
`SELECT topic() AS topic, encode(*, 'base64') AS payload FROM 'dt/ac/+/claim'`; the answer is a message.
"""

from base64 import b64decode
from collections.abc import Callable, Mapping
from functools import cache
from typing import TypeAlias

import structlog
from pydantic import ValidationError

from cloud.adapters.iot_messages import IotMessages, iot_messages
from cloud.claim_topic import ClaimTopic
from cloud.config import CloudSettings
from cloud.errors import ConflictError
from cloud.logs import configure_logs
from cloud.ports.state import StateStore
from cloud.wiring.lake import utc_now
from cloud.wiring.state import open_state
from edge.contract import topics

ClaimHandler: TypeAlias = Callable[[Mapping[str, str], object], None]

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


def handle(event: Mapping[str, str], context: object) -> None:
    """What Lambda calls; an error has it called again, twice (Lambda, asynchronous invocation)."""
    _handler()(event, context)


def claim_handler(state: StateStore, messages: IotMessages) -> ClaimHandler:
    """Such a handler, of an installation."""
    heard = ClaimTopic(state, utc_now)

    def answer(event: Mapping[str, str], _context: object) -> None:
        asker_id = topics.owner(event["topic"])
        try:
            code = heard.hear(asker_id, b64decode(event["payload"]))
        except (ValueError, ValidationError, ConflictError) as error:  # who asks, asks again
            log.warning("claim_not_answered", asker_id=asker_id, reason=type(error).__name__)
            return
        if code is not None:
            messages.publish(topics.claim_code(asker_id), code.model_dump_json().encode())

    return answer


@cache
def _handler() -> ClaimHandler:
    configure_logs()
    return claim_handler(open_state(CloudSettings()), iot_messages())
