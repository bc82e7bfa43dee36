"""Web Push: a person's browsers that want to be told when advice waits for a tap (RFC 8030, RFC 8292)."""

import base64
from datetime import timedelta
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from cloud.errors import NotFoundError
from cloud.ports.state import Delete, Put, StateStore, every
from mobile_api.access import Principal
from mobile_api.errors import InvalidFieldError, StateConflictError
from mobile_api.operations import Body, Operations, Query, Shown
from mobile_api.push_address import ForbiddenAddressError, check_url
from mobile_api.records import SubscriptionRecord, account_pk, subscription_digest
from mobile_api.services import services

PUSH_PK: Final = "push"
"""Partition of pointers to all subscriptions: `{account_id}#{digest}`."""

RETENTION: Final = timedelta(days=90)
"""A browser that has not subscribed again for so long is forgotten; the page does so at each visit."""

MAX_SUBSCRIPTIONS: Final = 10
"""Browsers of one account."""

P256DH_BYTES, AUTH_BYTES = 65, 16
"""Lengths of a browser's keys [bytes]: an uncompressed point of P-256, and a secret (RFC 8291)."""

_Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{16,100}={0,2}$")]
_Url = Annotated[str, StringConstraints(min_length=10, max_length=1000)]

operations = Operations("push")


class PushKeys(Body):
    """The browser's keys, base64url, as `PushSubscription.toJSON()` has them."""

    p256dh: _Key
    auth: _Key


class SubscriptionBody(Body):
    """What `PushSubscription.toJSON()` gives."""

    endpoint: _Url = Field(description="Where the browser's push service takes messages; https.")
    keys: PushKeys
    expirationTime: int | None = None  # noqa: N815 (the browser's word)


class SubscriptionQuery(Query):
    """Which browser."""

    endpoint: _Url


class PushKeyView(Shown):
    """The public key of this service."""

    application_server_key: str = Field(description="For `pushManager.subscribe`; base64url.")


class SubscriptionView(Shown):
    """A browser that is told."""

    endpoint: str


@operations.get("/v1/push/key", errors=(404,))
def show_push_key(principal: Principal) -> PushKeyView:  # noqa: ARG001 (the layer asks who it is)
    """The key with which a browser subscribes; 404 where push is not offered."""
    return PushKeyView(application_server_key=_sender_key())


@operations.post("/v1/push/subscriptions", status=201, scope="read", errors=(404, 409))
def subscribe(principal: Principal, body: SubscriptionBody) -> SubscriptionView:
    """Tell this browser when advice waits for a tap; the same again renews it.

    404 where push is not offered, 409 with ten browsers already.
    """
    _sender_key()
    use = services()
    try:
        check_url(body.endpoint, private_ok=use.settings.push_private_ok)
    except ForbiddenAddressError as error:
        raise InvalidFieldError("#/endpoint", str(error)) from error
    for name, length in (("p256dh", P256DH_BYTES), ("auth", AUTH_BYTES)):
        _check_key(name, getattr(body.keys, name), length)
    record = SubscriptionRecord(
        account_id=principal.account_id,
        session_id=principal.session.session_id,
        endpoint=body.endpoint,
        p256dh=body.keys.p256dh,
        auth=body.keys.auth,
    )
    known = {item.sk for item in every(use.state, account_pk(principal.account_id), "push#")}
    if f"push#{record.digest}" not in known and len(known) >= MAX_SUBSCRIPTIONS:
        raise StateConflictError(f"{MAX_SUBSCRIPTIONS} browsers are subscribed already: unsubscribe one")
    gone = use.now() + RETENTION
    use.state.transact(
        [
            Put(account_pk(record.account_id), f"push#{record.digest}", record.model_dump(), expires_at=gone),
            Put(PUSH_PK, f"{record.account_id}#{record.digest}", {}, expires_at=gone),
        ]
    )
    return SubscriptionView(endpoint=record.endpoint)


@operations.delete("/v1/push/subscriptions", scope="read")
def unsubscribe(principal: Principal, query: SubscriptionQuery) -> None:
    """Tell this browser no more; one that is not told is none of ours."""
    forget(services().state, principal.account_id, subscription_digest(query.endpoint))


def forget(state: StateStore, account_id: str, digest: str) -> None:
    """Remove a subscription."""
    state.transact(
        [Delete(account_pk(account_id), f"push#{digest}"), Delete(PUSH_PK, f"{account_id}#{digest}")]
    )


def _sender_key() -> str:
    sender = services().push
    if sender is None:
        raise NotFoundError("push service", "here")
    return sender.public_key


def _check_key(name: str, text: str, length: int) -> None:
    if len(base64.urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))) != length:
        raise InvalidFieldError(f"#/keys/{name}", f"must be {length} bytes, base64url")
