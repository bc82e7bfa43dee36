"""The OAuth endpoints: where a person grants, and where a client gets its tokens."""

from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from authlib.oauth2 import OAuth2Error
from flask import Response, current_app, g, jsonify, render_template, request

from mobile_api.access import find_principal
from mobile_api.account_store import find_account
from mobile_api.clients import scopes_of
from mobile_api.errors import TooManyAttemptsError, UnauthenticatedError
from mobile_api.oauth import server_of
from mobile_api.operations import Operations
from mobile_api.pages.forms import too_many
from mobile_api.pages.texts import text
from mobile_api.records import ALL_SCOPES, AccountRecord
from mobile_api.services import services
from mobile_api.sign_in import WRONG, sign_in

operations = Operations("oauth")


@operations.get("/oauth/authorize", public=True, documented=False)
def ask_for_grant() -> Response:
    """The page on which a person signs in and grants."""
    grant = _valid_grant()
    return grant if isinstance(grant, Response) else _page(grant, _signed_in(), HTTPStatus.OK)


@operations.post("/oauth/authorize", public=True, documented=False)
def grant_access() -> Response:
    """Send the client its code.

    A browser is redirected. A client without one (`Accept: application/json`) gets
    `{"authorization_code": ...}`, as in draft-ietf-oauth-first-party-apps; first-party clients only.
    """
    grant = _valid_grant()
    if isinstance(grant, Response):
        return grant
    if request.form.get("decision") == "refuse":
        return _not_stored(server_of(current_app).create_authorization_response(grant=grant, grant_user=None))
    try:
        account = _granting_account()
    except TooManyAttemptsError as error:
        if _wants_json():
            raise
        return _page(grant, None, HTTPStatus.TOO_MANY_REQUESTS, too_many(error))
    if account is None and _wants_json():
        raise UnauthenticatedError(WRONG)
    if account is None:
        return _page(grant, None, HTTPStatus.UNAUTHORIZED, text("wrong.sign_in"))
    response: Response = server_of(current_app).create_authorization_response(grant=grant, grant_user=account)
    return _as_json(response) if _wants_json() and grant.client.first_party else _not_stored(response)


@operations.post("/oauth/token", public=True, documented=False)
def give_token() -> Response:
    """Exchange a code, a device code or a refresh token."""
    return _not_stored(server_of(current_app).create_token_response())


@operations.post("/oauth/revoke", public=True, documented=False)
def revoke_token() -> Response:
    """End the session of a token."""
    return _not_stored(server_of(current_app).create_endpoint_response("revocation"))


@operations.post("/oauth/introspect", public=True, documented=False)
def introspect_token() -> Response:
    """Say what a token is worth, to a client with a secret."""
    return _not_stored(server_of(current_app).create_endpoint_response("introspection"))


@operations.post("/oauth/device", public=True, documented=False)
def start_device_grant() -> Response:
    """Give a screen its device code and its user code."""
    return _not_stored(server_of(current_app).create_endpoint_response("device_authorization"))


def _valid_grant() -> Any:  # noqa: ANN401 (Authlib is not typed)
    """The grant that the request asks for, or the response that refuses it.

    An error goes back to the client only when its address is known to be its own.
    """
    server = server_of(current_app)
    try:
        return server.get_consent_grant()
    except OAuth2Error as error:
        if error.redirect_uri:
            return _not_stored(server.handle_error_response(None, error))
        page = render_template("refused.html", reason=error.description or error.error)
        return _not_stored(Response(page, HTTPStatus.BAD_REQUEST))


def _granting_account() -> AccountRecord | None:
    """Who grants: by the form's address and password, else by the page's session."""
    email, password = request.form.get("email"), request.form.get("password")
    if email is None or password is None:
        return _signed_in()
    return sign_in(email, password)


def _signed_in() -> AccountRecord | None:
    """Who is signed in on the page; an access token cannot grant (it might grant more than it may)."""
    principal = find_principal()
    if principal is None or principal.session.kind != "browser":
        return None
    return find_account(services().state, principal.account_id)


def _page(
    grant: Any,  # noqa: ANN401 (Authlib's)
    account: AccountRecord | None,
    status: int,
    wrong: str | None = None,
) -> Response:
    page = render_template(
        "authorize.html",
        account=account,
        client_name=grant.client.record.name,
        scopes=scopes_of(grant.request.scope, ALL_SCOPES),
        wrong=wrong,
    )
    response = _not_stored(Response(page, status))
    # Browsers hold a form's redirects to `form-action` too.
    goal = urlsplit(grant.redirect_uri)
    g.form_action = f"{goal.scheme}://{goal.netloc}" if goal.netloc else f"{goal.scheme}:"
    return response


def _wants_json() -> bool:
    return request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"


def _as_json(redirect: Response) -> Response:
    """The code in a body, for a client that has no browser to be redirected in."""
    answer = parse_qs(urlsplit(redirect.headers["Location"]).query)
    if "code" not in answer:
        return _not_stored(redirect)
    body = {"authorization_code": answer["code"][0]}
    return _not_stored(jsonify(body | ({"state": answer["state"][0]} if "state" in answer else {})))


def _not_stored(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
