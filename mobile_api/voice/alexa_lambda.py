"""The Lambda that Amazon wants for a Smart Home skill: it carries directives to the API, and nothing else.

It holds no secret and no state: the person's token is in the directive. `API_PUBLIC_URL` names the API.
"""

import json
import uuid
from functools import cache

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from mobile_api.voice.alexa_directives import too_slow
from mobile_api.voice.alexa_messages import Json
from mobile_api.voice.outbound import Call, Transport, VendorUnreachableError, send
from mobile_api.voice.patience import ASSISTANT_WAITS_S

PATH = "/voice/alexa/smart-home"

TIMEOUT_S = ASSISTANT_WAITS_S - 0.7
"""Then Alexa is answered here [s]."""


class LambdaSettings(BaseSettings):
    """Where the API is."""

    model_config = SettingsConfigDict(env_prefix="API_", extra="ignore", frozen=True)

    public_url: str = Field(pattern=r"^(https://|http://127\.0\.0\.1:)[^/?#\s]+$")


def handler(directive: Json, _context: object) -> Json:
    """What Lambda calls: `mobile_api.voice.alexa_lambda.handler`."""
    return carry(directive, _settings().public_url, send)


def carry(directive: Json, public_url: str, transport: Transport) -> Json:
    """Bring a directive to the API and its event back; an error event if that cannot be done."""
    body = json.dumps(directive).encode()
    call = Call("POST", public_url + PATH, {"Content-Type": "application/json"}, body, TIMEOUT_S)
    try:
        reply = transport(call)
        found = json.loads(reply.body) if reply.is_ok else None
    except (VendorUnreachableError, ValueError):
        found = None
    return found if isinstance(found, dict) else too_slow(directive, lambda: str(uuid.uuid4()))


@cache
def _settings() -> LambdaSettings:
    return LambdaSettings()
