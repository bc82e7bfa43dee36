"""Events: what Alexa is told unasked, by its event gateway: changes, devices that came, devices that went."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from mobile_api.errors import ApiError
from mobile_api.voice.alexa_discovery import endpoint
from mobile_api.voice.alexa_grants import AlexaGrants
from mobile_api.voice.alexa_messages import DISCOVERY, Json, event, state_of
from mobile_api.voice.house import Aircon
from mobile_api.voice.outbound import Call, Reply, Transport, VendorUnreachableError

Cause: TypeAlias = Literal[
    "APP_INTERACTION", "PHYSICAL_INTERACTION", "PERIODIC_POLL", "RULE_TRIGGER", "VOICE_INTERACTION"
]
Delivery: TypeAlias = Literal["told", "no_grant"]

MAX_TRIES: Final = 4
"""So often an event is tried; then it is given up, and the next one tells what is so then."""

FIRST_RETRY_S: Final = 0.5
"""Then twice as long each time, or as long as the gateway says, up to `MAX_RETRY_S` [s]."""

MAX_RETRY_S: Final = 10.0

_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_TRY_AGAIN: Final = frozenset({429, 500, 502, 503, 504})


class EventRefusedError(ApiError):
    """The gateway does not take an event: it is at fault, and sending it again would not help."""


@dataclass(frozen=True, slots=True)
class AlexaEvents:
    """The way to the event gateway.

    Attributes:
        grants: Whose events may be sent.
        send: Calls the gateway.
        url: Where it is.
        new_id: Names a message.
        sleep: Waits between tries [s].
    """

    grants: AlexaGrants
    send: Transport
    url: str
    new_id: Callable[[], str]
    sleep: Callable[[float], None] = time.sleep

    def tell_change(self, account_id: str, air: Aircon, changed: Sequence[str], cause: Cause) -> Delivery:
        """Say that properties (by name) of a device have changed.

        Raises:
            EventRefusedError: The gateway does not take it.
            GrantRefusedError: The grant is no longer good.
            VendorUnreachableError: It could not be delivered in `MAX_TRIES`.
        """
        return self._deliver(
            account_id, lambda token: change_report(air, changed, cause, self.new_id(), token)
        )

    def tell_devices(self, account_id: str, airs: Sequence[Aircon]) -> Delivery:
        """Say what devices there are or have become; raises as `tell_change`."""
        endpoints = [endpoint(air, proactive=True) for air in airs]
        return self._deliver(
            account_id, lambda token: self._discovered("AddOrUpdateReport", endpoints, token)
        )

    def tell_gone(self, account_id: str, device_ids: Sequence[str]) -> Delivery:
        """Say which devices are no longer there; raises as `tell_change`."""
        endpoints = [{"endpointId": device_id} for device_id in device_ids]
        return self._deliver(account_id, lambda token: self._discovered("DeleteReport", endpoints, token))

    def _discovered(self, name: str, endpoints: list[Json], token: str) -> Json:
        payload = {"endpoints": endpoints, "scope": _bearer(token)}
        return event(DISCOVERY, name, self.new_id(), payload=payload)

    def _deliver(self, account_id: str, make: Callable[[str], Json]) -> Delivery:
        token = self.grants.access_token(account_id)
        for attempt in range(MAX_TRIES):
            if token is None:
                return "no_grant"
            reply = self._try(make(token), token)
            if reply is not None and reply.is_ok:
                return "told"
            if reply is not None and reply.status == _UNAUTHORIZED:
                token = self.grants.access_token(account_id, refused=token)
                continue
            if reply is not None and reply.status not in _TRY_AGAIN:
                return self._give_up(account_id, reply)
            if attempt + 1 < MAX_TRIES:
                self.sleep(_wait_s(reply, attempt))
        raise VendorUnreachableError("the event gateway takes nothing now")

    def _try(self, message: Json, token: str) -> Reply | None:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        try:
            return self.send(Call("POST", self.url, headers, json.dumps(message).encode()))
        except VendorUnreachableError:
            return None

    def _give_up(self, account_id: str, reply: Reply) -> Delivery:
        """403 with this code says that the person has disabled the skill: the grant is over."""
        if reply.status == _FORBIDDEN and b"SKILL_DISABLED_EXCEPTION" in reply.body:
            self.grants.forget(account_id)
            return "no_grant"
        raise EventRefusedError(f"the event gateway answered {reply.status}")


def change_report(air: Aircon, changed: Sequence[str], cause: Cause, message_id: str, token: str) -> Json:
    """A `ChangeReport`: what has changed, and beside it everything else that is known."""
    properties = state_of(air)
    new = [each for each in properties if each["name"] in changed]
    old = [each for each in properties if each["name"] not in changed]
    change = {"cause": {"type": cause}, "properties": new}
    made = event("Alexa", "ChangeReport", message_id, payload={"change": change})
    made["event"]["endpoint"] = {"scope": _bearer(token), "endpointId": air.device_id}
    return {"context": {"properties": old}, **made}


def _bearer(token: str) -> Json:
    return {"type": "BearerToken", "token": token}


def _wait_s(reply: Reply | None, attempt: int) -> float:
    said = "" if reply is None else reply.headers.get("retry-after", "")
    own_s = FIRST_RETRY_S * float(2**attempt)
    return min(max(own_s, float(said) if said.isdigit() else 0.0), MAX_RETRY_S)
