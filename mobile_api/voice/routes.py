"""The webhooks of the vendors: public to the layer, because they carry their own proof."""

import json

from flask import Response, request

from mobile_api.errors import MalformedBodyError
from mobile_api.operations import Operations
from mobile_api.voice.alexa_directives import Desk, handle_directive, too_slow
from mobile_api.voice.alexa_messages import Json
from mobile_api.voice.desk import new_id, voice_desk

operations = Operations("voice")


@operations.post("/voice/alexa/smart-home", public=True, documented=False, limited=False)
def answer_alexa_directive() -> Response:
    """Alexa Smart Home: a directive, with the person's token inside; always 200 with an event."""
    message = read_json(request.get_data())
    desk = voice_desk()
    event = desk.within(lambda opened: handle_directive(message, Desk(opened, new_id, desk.alexa_grants)))
    return as_json(too_slow(message, new_id) if event is None else event)


def read_json(raw: bytes) -> Json:
    """A body that has to be a JSON object.

    Raises:
        MalformedBodyError: It is none.
    """
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise MalformedBodyError("the body is no JSON") from error
    if not isinstance(found, dict):
        raise MalformedBodyError("the body is no JSON object")
    return found


def as_json(message: Json) -> Response:
    """An answer that nobody keeps."""
    return Response(json.dumps(message), mimetype="application/json", headers={"Cache-Control": "no-store"})
