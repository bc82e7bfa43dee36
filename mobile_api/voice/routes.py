"""The webhooks of the vendors: public to the layer, because they carry their own proof."""

import json
import time

from flask import Response, request
from pydantic import ValidationError

from cloud.errors import ConflictError, UnavailableError
from cloud.ports.state import ABSENT, Put
from mobile_api.access import bearer
from mobile_api.digests import digest
from mobile_api.errors import MalformedBodyError
from mobile_api.operations import Operations
from mobile_api.services import services
from mobile_api.voice import google_home
from mobile_api.voice.alexa_messages import Json
from mobile_api.voice.alexa_signature import UnprovenRequestError
from mobile_api.voice.alexa_skill import answer_skill, not_now
from mobile_api.voice.desk import hold_on, voice_desk
from mobile_api.voice.skill_messages import CLOCKS_APART, SkillRequest, require_ours

operations = Operations("voice")


@operations.post("/voice/alexa/smart-home", public=True, documented=False, limited=False)
def answer_alexa_directive() -> Response:
    """Alexa Smart Home: a directive, with the person's token inside; always 200 with an event."""
    return as_json(voice_desk().answer_directive(read_json(request.get_data())))


@operations.post("/voice/alexa", public=True, documented=False, limited=False)
def answer_alexa_skill() -> Response:
    """The custom skill: signed by Amazon, which is asked of the raw body before anything else; else 400."""
    began_s, desk = time.monotonic(), voice_desk()
    raw, headers = request.get_data(), request.headers
    chain_url, signature = headers.get("SignatureCertChainUrl"), headers.get("Signature-256")
    try:
        asked = desk.within(lambda _: _prove(raw, chain_url, signature))
    except UnprovenRequestError:
        services().limits.admit_address()
        raise
    if asked is None:
        raise UnavailableError("the request could not be looked at in time")
    spent_s = time.monotonic() - began_s
    answer = desk.within(lambda opened: answer_skill(asked, opened, hold_on(asked, desk)), spent_s=spent_s)
    return as_json(not_now(asked) if answer is None else answer)


@operations.post("/voice/google", public=True, documented=False, limited=False)
def answer_google() -> Response:
    """Google Home: SYNC, QUERY, EXECUTE, DISCONNECT, with the person's token in the header; else 401."""
    asked, token = google_home.read(read_json(request.get_data())), bearer()
    desk = voice_desk()
    answer = desk.within(lambda opened: desk.google_home(opened(token or "")).answer(asked))
    return as_json(google_home.too_slow(asked) if answer is None else answer)


def _prove(raw: bytes, chain_url: str | None, signature: str | None) -> SkillRequest:
    """The signature first: nothing of what a stranger sends is parsed."""
    voice_desk().alexa_signatures.check(raw, chain_url, signature)
    return _read_once(raw)


def _read_once(raw: bytes) -> SkillRequest:
    """What Amazon asks, if it is for us, of now, and for the first time, at whichever replica.

    Raises:
        UnprovenRequestError: It is not.
        MalformedBodyError: It cannot be read.
    """
    use = services()
    try:
        asked = SkillRequest.model_validate(read_json(raw))
    except ValidationError as error:
        raise MalformedBodyError("the body is no request of a skill") from error
    require_ours(asked, use.settings.alexa_skill_id, use.now())
    seen = f"alexa_request#{digest(asked.request.request_id)}"
    try:
        use.state.transact([Put(seen, "request", {}, ABSENT, use.now() + 2 * CLOCKS_APART)])
    except ConflictError as error:
        raise UnprovenRequestError("the request has come before") from error
    return asked


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
