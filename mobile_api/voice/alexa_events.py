"""Events: what Alexa is told unasked, by its event gateway: changes, devices that came, devices that went."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from mobile_api.voice.alexa_discovery import endpoint
from mobile_api.voice.alexa_grants import AlexaGrants
from mobile_api.voice.alexa_messages import DISCOVERY, Json, event, state_of
from mobile_api.voice.house import Aircon
from mobile_api.voice.outbound import Call, Reply, ReportRefusedError, Transport

Cause: TypeAlias = Literal[
    "APP_INTERACTION", "PHYSICAL_INTERACTION", "PERIODIC_POLL", "RULE_TRIGGER", "VOICE_INTERACTION"
]
Delivery: TypeAlias = Literal["told", "no_grant"]

_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_ENDED: Final = (b"SKILL_DISABLED_EXCEPTION", b"SKILL_NEVER_ENABLED_EXCEPTION")
"""With 403: the person has disabled the skill, so the grant is over."""


@dataclass(frozen=True, slots=True)
class AlexaEvents:
    """The way to the event gateway.

    Attributes:
        grants: Whose events may be sent.
        send: Calls the gateway.
        url: Where it is.
        new_id: Names a message.
    """

    grants: AlexaGrants
    send: Transport
    url: str
    new_id: Callable[[], str]

    def tell_change(self, account_id: str, air: Aircon, changed: Sequence[str], cause: Cause) -> Delivery:
        """Say that properties (by name) of a device have changed.

        Raises:
            ReportRefusedError: The gateway does not take it.
            GrantRefusedError: Amazon does not know us.
            VendorUnreachableError: It could not be delivered now.
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

    def answer_late(self, account_id: str, answer: Json) -> Delivery:
        """Send the answer to a directive after a `DeferredResponse`; raises as `tell_change`."""
        return self._deliver(account_id, lambda token: _authorized(answer, token))

    def _deliver(self, account_id: str, make: Callable[[str], Json]) -> Delivery:
        """Send an event, again with a new token if the gateway wants that; no answer is waited for twice."""
        token = self.grants.access_token(account_id)
        if token is None:
            return "no_grant"
        reply = self._post(make(token), token)
        if reply.status == _UNAUTHORIZED:
            token = self.grants.access_token(account_id, refused=token)
            if token is None:
                return "no_grant"
            reply = self._post(make(token), token)
        if reply.is_ok:
            return "told"
        reply.require_sound()
        if reply.status == _FORBIDDEN and any(code in reply.body for code in _ENDED):
            self.grants.forget(account_id)
            return "no_grant"
        raise ReportRefusedError(f"the event gateway answered {reply.status}")

    def _post(self, message: Json, token: str) -> Reply:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        return self.send(Call("POST", self.url, headers, json.dumps(message).encode()))


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


def _authorized(answer: Json, token: str) -> Json:
    """The same event with the right to send it, which only events to the gateway carry."""
    inner = answer["event"]
    return {**answer, "event": {**inner, "endpoint": {**inner.get("endpoint", {}), "scope": _bearer(token)}}}
