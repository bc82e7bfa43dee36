"""Access: who asks, and whether what they ask about is theirs. Every route goes through here.

Something of another home is answered like something that does not exist, so that nobody learns which ids
there are.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

from flask import request

from cloud.errors import NotFoundError
from cloud.ports.records import AdviceRecord, DeviceRecord, HomeRecord, device_pk, home_pk
from mobile_api.errors import ForbiddenError, UnauthenticatedError
from mobile_api.federation import welcome
from mobile_api.identity_records import OPERATORS_PK
from mobile_api.records import Scope, SessionRecord, account_pk
from mobile_api.services import every, services
from mobile_api.sessions import find_session, prove_session

SESSION_COOKIE = "ac_session"
"""Cookie of the web page's session."""

_Owned = TypeVar("_Owned")

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks."""

    account_id: str
    session: SessionRecord
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class OwnedHome:
    """A home of the principal, with its version in the store."""

    record: HomeRecord
    version: int


@dataclass(frozen=True, slots=True)
class OwnedDevice:
    """A device in a home of the principal."""

    record: DeviceRecord
    version: int
    home: OwnedHome


@dataclass(frozen=True, slots=True)
class OwnedAdvice:
    """The advice now stored for a device of the principal."""

    record: AdviceRecord
    version: int
    device: OwnedDevice


def require_same_origin() -> None:
    """Refuse what another site made a browser send (CSRF).

    Browsers say where a request comes from (`Sec-Fetch-Site`, `Origin`) and no page can change that; other
    clients send neither and carry no cookie that they were not given.

    Raises:
        ForbiddenError: It comes from another site.
    """
    if request.method in _SAFE_METHODS or request.headers.get("Authorization", "").lower().startswith(
        "bearer"
    ):
        return
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site is not None:
        same = site in {"same-origin", "none"}
    else:
        same = origin is None or urlsplit(origin).netloc == request.host
    if not same:
        raise ForbiddenError("the request comes from another site")


def authenticate(scope: Scope) -> Principal:
    """Who asks, by access token or by the page's cookie.

    Raises:
        UnauthenticatedError: Neither, or it is no longer good.
        ForbiddenError: The token does not have the scope.
    """
    principal = find_principal()
    if principal is None:
        raise UnauthenticatedError("sign in, or send an access token")
    if scope not in principal.scopes:
        raise ForbiddenError(f"the token lacks the scope {scope!r}")
    if scope == "admin" and not _is_operator(principal):
        raise ForbiddenError("the account is no operator's any more")
    return principal


def find_principal() -> Principal | None:
    """Who asks; None without token and cookie, or with a cookie that has ended.

    Raises:
        UnauthenticatedError: There is a token, but it is no good.
    """
    use = services()
    token = _bearer()
    if token is not None and use.federation is not None and use.federation.issued(token):
        guest = welcome(use.state, use.federation, token, use.now())
        return Principal(guest.session.account_id, guest.session, guest.scopes)
    if token is not None:
        claims = use.tokens.read(token, use.now())
        session = find_session(use.state, claims.session_id, use.now())
        if session is None or session.account_id != claims.account_id:
            raise UnauthenticatedError("the session has ended")
        return Principal(session.account_id, session, claims.scopes)
    cookie = request.cookies.get(SESSION_COOKIE)
    session = None if cookie is None else prove_session(use.state, cookie, "browser", use.now())
    return None if session is None else Principal(session.account_id, session, frozenset(session.scopes))


def owned_home(principal: Principal, home_id: str) -> OwnedHome:
    """The home, if the principal is one of its members.

    Raises:
        NotFoundError: There is none, or it is somebody else's.
    """
    state = services().state
    membership = state.get(home_pk(home_id), f"member#{principal.account_id}")
    item = None if membership is None else state.get(home_pk(home_id), "home")
    if item is None:
        raise NotFoundError("home", home_id)
    return OwnedHome(HomeRecord.model_validate(item.body), item.version)


def owned_device(principal: Principal, device_id: str) -> OwnedDevice:
    """The device, if it is in a home of the principal.

    Raises:
        NotFoundError: There is none, or it is in nobody's or somebody else's home.
    """
    item = services().state.get(device_pk(device_id), "device")
    if item is None:
        raise NotFoundError("device", device_id)
    record = DeviceRecord.model_validate(item.body)
    if record.home_id is None:
        raise NotFoundError("device", device_id)
    try:
        home = owned_home(principal, record.home_id)
    except NotFoundError as error:
        raise NotFoundError("device", device_id) from error
    return OwnedDevice(record, item.version, home)


def owned_advice(principal: Principal, advice_id: str) -> OwnedAdvice:
    """The advice, if it is the one now stored for a device of the principal.

    Raises:
        NotFoundError: There is none, it was replaced, or it is somebody else's.
    """
    for device in owned_devices(principal):
        advice = stored_advice(device)
        if advice is not None and advice.record.advice_id == advice_id:
            return advice
    raise NotFoundError("recommendation", advice_id)


def owned_homes(principal: Principal) -> list[OwnedHome]:
    """The homes of the principal, by id."""
    pointers = every(services().state, account_pk(principal.account_id), "home#")
    return _existing(owned_home, principal, [pointer.sk.removeprefix("home#") for pointer in pointers])


def owned_devices(principal: Principal) -> list[OwnedDevice]:
    """The devices in all homes of the principal."""
    state = services().state
    found = [
        pointer.sk.removeprefix("device#")
        for home in owned_homes(principal)
        for pointer in every(state, home_pk(home.record.home_id), "device#")
    ]
    return _existing(owned_device, principal, found)


def stored_advice(device: OwnedDevice) -> OwnedAdvice | None:
    """The advice now stored for a device."""
    item = services().state.get(device_pk(device.record.device_id), "advice")
    return None if item is None else OwnedAdvice(AdviceRecord.model_validate(item.body), item.version, device)


def _is_operator(principal: Principal) -> bool:
    return services().state.get(OPERATORS_PK, principal.account_id) is not None


def _existing(
    look_up: Callable[[Principal, str], _Owned], principal: Principal, ids: Iterable[str]
) -> list[_Owned]:
    """What is still there: a home or a device may be deleted while we look through a list."""
    found: list[_Owned] = []
    for key in ids:
        with suppress(NotFoundError):
            found.append(look_up(principal, key))
    return found


def _bearer() -> str | None:
    """The access token of the request.

    Raises:
        UnauthenticatedError: There is an `Authorization` header of another kind.
    """
    header = request.headers.get("Authorization")
    if header is None:
        return None
    kind, _, token = header.partition(" ")
    if kind.lower() != "bearer" or not token:
        raise UnauthenticatedError("only bearer tokens are accepted")
    return token.strip()
