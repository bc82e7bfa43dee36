"""The application: every route, every error, every header in one place; nothing happens at import."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import structlog
from flask import Flask, Response, g, make_response, redirect, render_template, request
from typing_extensions import override
from werkzeug.middleware.proxy_fix import ProxyFix

from cloud.ports.api import ApiStores
from cloud.ports.mail import Mailer
from cloud.ports.state import StateStore
from mobile_api import (
    accounts,
    audit_views,
    authorization,
    commands,
    compression,
    cors,
    dead_letters,
    deprecation,
    devices,
    discovery,
    dispatch,
    events,
    export,
    gateways,
    health,
    history,
    homes,
    members,
    oauth,
    preferences,
    presence,
    problems,
    push,
    quick_reads,
    rate_limits,
    recommendations,
    recovery,
    safe_headers,
    savings,
    schedules,
    served,
    services,
    slow_bodies,
)
from mobile_api.conditional import cacheable, settle
from mobile_api.config import ApiSettings
from mobile_api.cursors import Cursors
from mobile_api.inbox import EntryIds
from mobile_api.keys import SigningKeys
from mobile_api.metrics import Metrics
from mobile_api.openapi import describe
from mobile_api.operations import Operation
from mobile_api.pages import (
    account,
    advice,
    appearance,
    comfort,
    letters,
    operators,
    past,
    people,
    screens,
    shell,
    start,
)
from mobile_api.pages import gateways as page_gateways
from mobile_api.pages import homes as page_homes
from mobile_api.pages import recovery as page_recovery
from mobile_api.pages import statement as page_statement
from mobile_api.passwords import Passwords
from mobile_api.post import Post
from mobile_api.tokens import AccessTokens
from mobile_api.trusted_issuer import trusted_issuer
from mobile_api.voice import desk, routes

MAX_BODY_BYTES = 64 * 1024
"""No body that we accept is longer [bytes]."""

_HERE = Path(__file__).parent
_TOPICS = (
    *(accounts, recovery, audit_views, homes, members, presence, devices, gateways, preferences, schedules),
    *(history, commands, events, push, recommendations, savings, export, health, authorization, discovery),
    dead_letters,
    *(start, advice, page_homes, people, page_gateways, comfort, past, page_statement, account),
    *(operators, letters, screens, page_recovery, shell, routes),
)

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class _Api(Flask):
    """Flask, but a failed request is one structured event."""

    @override
    def log_exception(self, exc_info: object) -> None:
        log.error("request_failed", route=_route(), exc_info=exc_info)


def all_operations() -> list[Operation]:
    """Every route but the static files and the description itself."""
    return [operation for topic in _TOPICS for operation in topic.operations.entries]


def create_app(
    stores: ApiStores,
    keys: SigningKeys,
    settings: ApiSettings,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    passwords: Passwords | None = None,
    mailer: Mailer | None = None,
) -> Flask:
    """The API and its page over the given stores.

    Args:
        stores: What it serves from.
        keys: What access tokens are signed with.
        settings: Settings of the process.
        now: The wall clock (UTC).
        passwords: How passwords are hashed; tests make it cheap.
        mailer: How mails leave; None: not at all.
    """
    app = _Api(
        "mobile_api",
        root_path=str(_HERE),
        instance_path=str(_HERE),  # unused; Flask would search for one
        template_folder="web/templates",
        static_folder="web/static",
    )
    app.config.update(MAX_CONTENT_LENGTH=MAX_BODY_BYTES, PROPAGATE_EXCEPTIONS=False)
    offered = services.Services(
        state=stores.state,
        readings=stores.readings,
        history=stores.history,
        letters=stores.letters,
        settings=settings,
        now=now,
        passwords=passwords or Passwords(),
        tokens=AccessTokens(keys, settings.issuer),
        metrics=Metrics(),
        entry_ids=EntryIds(now),
        cursors=Cursors(stores.state),
        limits=rate_limits.rate_limits(settings.rate_per_minute, settings.anonymous_rate_per_minute),
        post=Post(mailer),
        federation=trusted_issuer(settings),
        push=_push(stores.state, settings),
        traces=_traces(settings),
    )
    services.install(app, offered)
    oauth.install(app)
    appearance.install(app)
    events.install(app)
    health.install(app)
    desk.install(app)
    slow_bodies.install(app, settings.threads)
    problems.install(app)
    app.before_request(_begin)
    app.after_request(_finish)
    dispatch.register(app, all_operations())
    quick_reads.install(app, all_operations())
    safe_headers.install(app)
    _believe(app, settings.trusted_proxies)
    _offer_description(app)
    description()  # made once, at the start, not in somebody's request
    return app


def _push(state: StateStore, settings: ApiSettings) -> services.PushService | None:
    if not settings.push_contact:
        return None
    from mobile_api.push_sender import open_sender  # noqa: PLC0415 (needs the extra `push`)

    return open_sender(state, settings.push_contact, private_ok=settings.push_private_ok)


def _traces(settings: ApiSettings) -> served.Traces | None:
    if not settings.otlp_endpoint:
        return None
    from mobile_api.traces import open_traces  # noqa: PLC0415 (needs the extra `otel`)

    return open_traces(settings.otlp_endpoint)


@cache
def description() -> str:
    """The OpenAPI document, as JSON."""
    return json.dumps(describe(all_operations()), indent=1, sort_keys=True)


def _offer_description(app: Flask) -> None:
    def show_description() -> Response:
        services.services().limits.admit_address()
        return cacheable(Response(description(), mimetype="application/json"))

    app.add_url_rule("/openapi.json", "show_description", show_description)


def _believe(app: Flask, proxies: int) -> None:
    """Take the client's address from the proxies in front, and from nobody else."""
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies)  # type: ignore[method-assign]


def _begin() -> None:
    g.request_id = served.request_id_of(request.headers.get("X-Request-Id", ""))
    g.started = time.perf_counter()
    if request.routing_exception is not None:  # no route counts it
        services.services().limits.admit_address()


def _finish(response: Response) -> Response:
    use = services.services()
    response = _for_people(response)
    rate_limits.tell(response)
    deprecation.tell(response)
    cors.answer(response, use.settings.cors_origins)
    wanted = compression.negotiate(response)
    response = settle(response)
    if wanted and response.status_code != 304:  # noqa: PLR2004 (HTTP)
        response = compression.compress(response)
    if "form_action" in g:
        response.headers["Content-Security-Policy"] = f"{safe_headers.POLICY} {g.form_action}"
    response.headers["X-Request-Id"] = g.request_id
    duration_s = time.perf_counter() - g.started
    facts = served.RequestFacts(request.method, _route(), response.status_code, g.request_id, duration_s)
    served.tell(facts, use.metrics, use.traces)
    return response


def _for_people(response: Response) -> Response:
    """A problem on a page is a page: the sign-in form for a 401, else a few words."""
    if response.mimetype != problems.MEDIA_TYPE or not _on_a_page():
        return response
    fragment = request.headers.get("HX-Request") == "true"
    if response.status_code == 401:  # noqa: PLR2004 (HTTP)
        if fragment:
            return Response(status=401, headers={"HX-Redirect": "/"})
        return make_response(redirect("/", 303))
    template = "problem_fragment.html" if fragment else "problem.html"
    page = render_template(template, status=response.status_code, request_id=g.request_id)
    return Response(page, response.status_code)


def _on_a_page() -> bool:
    wanted = request.accept_mimetypes.best_match(["application/json", "text/html"])
    return wanted == "text/html" and not request.path.startswith(("/v1/", "/oauth/"))


def _route() -> str:
    return request.url_rule.rule if request.url_rule is not None else "unmatched"
