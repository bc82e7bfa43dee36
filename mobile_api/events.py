"""Live updates of all of a person's devices, as server-sent events."""

from http import HTTPStatus
from typing import Final

from flask import Flask, Response, current_app, request

from mobile_api.access import Principal, owned_devices
from mobile_api.errors import NoSeatError, StateConflictError
from mobile_api.live import LiveFeed, Watch
from mobile_api.operations import Operations
from mobile_api.problems import RETRY_AFTER_S, problem, watched
from mobile_api.seats import Seats
from mobile_api.services import services
from mobile_api.streams import MAX_STREAMS_EACH, Place, Stream

MAX_DEVICES = 100
"""Devices that one stream watches; each is looked at as often as the feed looks."""

_MEDIA_TYPE: Final = "text/event-stream"
_FEED, _SEATS = "ac_advisor_feed", "ac_advisor_seats"

operations = Operations("events")


def install(app: Flask) -> None:
    """Give `app` its feed and its seats."""
    with app.app_context():
        use = services()
    app.extensions[_FEED] = LiveFeed(use.readings, app.app_context)
    app.extensions[_SEATS] = Seats("streams", use.settings.max_streams, MAX_STREAMS_EACH)


def live_feed(app: Flask) -> LiveFeed:
    """The feed of an app."""
    feed: LiveFeed = app.extensions[_FEED]
    return feed


def drain(app: Flask) -> None:
    """The app is about to end: it says so when asked whether it is ready, and its streams end."""
    live_feed(app).drain()


@operations.get("/v1/events", errors=(409, 429), media_type=_MEDIA_TYPE)
def stream_events(principal: Principal) -> Response:
    """Live updates of all of the account's devices, as server-sent events (`text/event-stream`).

    Events: `reading`, `recommendation`, `command` (each as the route that shows it), `health`, `reset` (read
    anew what you show: something was left out) and `end` (come again; `reason` is `lifetime`, `access` or
    `draining`). A new stream begins with what is now so, then tells what changes. The server ends it after
    about a minute; a client that comes again with `Last-Event-ID` misses nothing.

    429 with four streams of one account, 503 when the server has no room or is about to end: poll with ETags
    meanwhile, every 5 s. 409 for an account of more than 100 devices.
    """
    if request.method == "HEAD":
        return Response(mimetype=_MEDIA_TYPE)
    feed, seats = live_feed(current_app), current_app.extensions[_SEATS]
    device_ids = frozenset(device.record.device_id for device in owned_devices(principal))
    if len(device_ids) > MAX_DEVICES:
        raise StateConflictError(f"live updates are for at most {MAX_DEVICES} devices: poll")
    if feed.draining:
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, "this server is about to end: come again")
    try:
        seats.take(principal.account_id)
    except NoSeatError as error:
        return _refusal(error)
    return _answer(feed, Watch(principal, device_ids), seats)


def _answer(feed: LiveFeed, watch: Watch, seats: Seats) -> Response:
    before = request.headers.get("Last-Event-ID")
    stream = Stream(
        feed,
        watch,
        seats,
        lifetime_s=services().settings.stream_lifetime_s,
        since=None if before is None else Place.parse(before),
        is_new=before is None,
    )
    response = Response(watched(stream), mimetype=_MEDIA_TYPE)
    response.call_on_close(stream.close)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # nginx would hold events back
    return response


def _refusal(error: NoSeatError) -> Response:
    status = HTTPStatus.TOO_MANY_REQUESTS if error.is_own else HTTPStatus.SERVICE_UNAVAILABLE
    response = problem(status, str(error))
    response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response
