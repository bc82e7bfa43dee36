"""Access: who asks, and whether what they ask about is theirs. Every route goes through here.

Something of another home is answered like something that does not exist, so that nobody learns which ids
there are.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import Final, Literal, TypeAlias, TypeVar
from urllib.parse import urlsplit

from flask import request

from cloud.errors import NotFoundError
from cloud.ports.records import (
    AdviceRecord,
    DeviceRecord,
    GatewayRecord,
    HomeRecord,
    device_pk,
    gateway_pk,
    home_pk,
)
from cloud.ports.state import Key, every
from mobile_api.errors import ForbiddenError, UnauthenticatedError
from mobile_api.federation import welcome
from mobile_api.identity_records import OPERATORS_PK
from mobile_api.kept import Kept
from mobile_api.records import MemberRecord, Role, Scope, SessionRecord, account_pk
from mobile_api.services import services
from mobile_api.sessions import find_session, prove_session
from mobile_api.stored import record_of
from mobile_api.tokens import Claims

SESSION_COOKIE = "ac_session"
"""Cookie of the web page's session."""

Right: TypeAlias = Literal["see", "advise", "control", "review", "set_up", "own"]
"""`see`: homes, devices and advice now. `advise`: answer advice, say how it feels. `control`: move a device.
`review`: what was, which shows when people are out. `set_up`: devices, preferences, schedules, the home's
fields. `own`: who may act, export, deletion."""

RIGHTS: Final[Mapping[Role, frozenset[Right]]] = {
    "owner": frozenset({"see", "advise", "control", "review", "set_up", "own"}),
    "member": frozenset({"see", "advise", "control", "review", "set_up"}),
    "guest": frozenset({"see", "advise", "control"}),
}
"""What each role may do in its home; every look-up below asks here and nothing else does."""

RIGHT_OF: Final[Mapping[str, Right]] = {"read": "see", "advise": "advise", "control": "set_up"}
"""The right that an operation asks for when it names none, by its scope."""

_Owned = TypeVar("_Owned")

_device_of: Final = Kept[str, str]()
"""Where advice was seen a moment ago. Only a guess where to look first: it is looked up for whoever asks."""

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, and by which right of the homes that it is about."""

    account_id: str
    session: SessionRecord
    scopes: frozenset[str]
    right: Right = "see"

    def by(self, right: Right) -> "Principal":
        """The same person, asking by another right."""
        return Principal(self.account_id, self.session, self.scopes, right)


@dataclass(frozen=True, slots=True)
class OwnedHome:
    """A home of the principal, with its version in the store and what they are in it."""

    record: HomeRecord
    version: int
    role: Role


@dataclass(frozen=True, slots=True)
class OwnedDevice:
    """A device in a home of the principal."""

    record: DeviceRecord
    version: int
    home: OwnedHome


@dataclass(frozen=True, slots=True)
class OwnedGateway:
    """A gateway in a home of the principal."""

    record: GatewayRecord
    version: int
    home: OwnedHome


@dataclass(frozen=True, slots=True)
class OwnedAdvice:
    """The advice now stored for a device of the principal; `text` is what it says, as it is stored."""

    record: AdviceRecord
    version: int
    device: OwnedDevice
    text: str


def require_same_origin() -> None:
    """Refuse what another site made a browser send (CSRF).

    Browsers say where a request comes from (`Sec-Fetch-Site`, `Origin`) and no page can change that; other
    clients send neither and carry no cookie that they were not given. Sites in `cors_origins` may,
    without a cookie.

    Raises:
        ForbiddenError: It comes from another site.
    """
    if request.method in _SAFE_METHODS or request.headers.get("Authorization", "").lower().startswith(
        "bearer"
    ):
        return
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if origin in services().settings.cors_origins and SESSION_COOKIE not in request.cookies:
        same = True
    elif site is not None:
        same = site in {"same-origin", "none"}
    else:
        same = origin is None or urlsplit(origin).netloc == request.host
    if not same:
        raise ForbiddenError("the request comes from another site")


def authenticate(scope: Scope, right: Right) -> Principal:
    """Who asks, by access token or by the page's cookie, and by which right of their homes.

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
    return principal.by(right)


def find_principal() -> Principal | None:
    """Who asks; None without token and cookie, or with a cookie that has ended.

    Raises:
        UnauthenticatedError: There is a token, but it is no good.
    """
    use, token = services(), bearer()
    if token is not None:
        return principal_of(token)
    cookie = request.cookies.get(SESSION_COOKIE)
    session = None if cookie is None else prove_session(use.state, cookie, "browser", use.now())
    return None if session is None else Principal(session.account_id, session, frozenset(session.scopes))


def principal_of(token: str) -> Principal:
    """Who sends an access token, ours or another issuer's.

    Raises:
        UnauthenticatedError: It is no good.
    """
    use = services()
    if use.federation is not None and use.federation.issued(token):
        guest = welcome(use.state, use.federation, token, use.now())
        return Principal(guest.session.account_id, guest.session, guest.scopes)
    return principal_by(use.tokens.read(token, use.now()))


def principal_by(claims: Claims) -> Principal:
    """Who sends an access token of ours that says this.

    Raises:
        UnauthenticatedError: Its session has ended.
    """
    use = services()
    session = find_session(use.state, claims.session_id, use.now())
    if session is None or session.account_id != claims.account_id:
        raise UnauthenticatedError("the session has ended")
    return Principal(session.account_id, session, claims.scopes)


def owned_home(principal: Principal, home_id: str) -> OwnedHome:
    """The home, if the principal is one of its people and their role has the right.

    Raises:
        NotFoundError: There is none, or it is somebody else's.
        ForbiddenError: It is theirs, but this is not for their role.
    """
    keys = home_keys(home_id, principal.account_id)
    found = services().state.get_each(keys)
    item, membership = (found.get(key) for key in keys)
    if membership is None or item is None:
        raise NotFoundError("home", home_id)
    home = OwnedHome(record_of(HomeRecord, item), item.version, record_of(MemberRecord, membership).role)
    require_right(home, principal.right)
    return home


def home_keys(home_id: str, account_id: str) -> tuple[Key, Key]:
    """What says that somebody is one of a home's people: the home, and their membership."""
    pk = home_pk(home_id)
    return (pk, "home"), (pk, f"member#{account_id}")


def require_right(home: OwnedHome, right: Right) -> None:
    """Refuse what a role may not do.

    Raises:
        ForbiddenError: The role does not have the right.
    """
    if right not in RIGHTS[home.role]:
        raise ForbiddenError(f"a {home.role} of this home may not do this")


def owned_device(principal: Principal, device_id: str) -> OwnedDevice:
    """The device, if it is in a home of the principal.

    Raises:
        NotFoundError: There is none, or it is in nobody's or somebody else's home.
        ForbiddenError: As `owned_home`.
    """
    item = services().state.get(device_pk(device_id), "device")
    if item is None:
        raise NotFoundError("device", device_id)
    record = record_of(DeviceRecord, item)
    if record.home_id is None:
        raise NotFoundError("device", device_id)
    try:
        home = owned_home(principal, record.home_id)
    except NotFoundError as error:
        raise NotFoundError("device", device_id) from error
    return OwnedDevice(record, item.version, home)


def owned_gateway(principal: Principal, gateway_id: str) -> OwnedGateway:
    """The gateway, if it is in a home of the principal.

    Raises:
        NotFoundError: There is none, or it is in nobody's or somebody else's home.
        ForbiddenError: As `owned_home`.
    """
    item = services().state.get(gateway_pk(gateway_id), "gateway")
    record = None if item is None else record_of(GatewayRecord, item)
    if item is None or record is None or record.home_id is None:
        raise NotFoundError("gateway", gateway_id)
    try:
        home = owned_home(principal, record.home_id)
    except NotFoundError as error:
        raise NotFoundError("gateway", gateway_id) from error
    return OwnedGateway(record, item.version, home)


def owned_advice(principal: Principal, advice_id: str) -> OwnedAdvice:
    """The advice, if it is the one now stored for a device of the principal.

    Raises:
        NotFoundError: There is none, it was replaced, or it is somebody else's.
        ForbiddenError: As `owned_home`.
    """
    guess = _device_of.get(advice_id)
    likely = [] if guess is None else _existing(owned_device, principal.by("see"), [guess])
    for device in chain(likely, _owned_devices(principal)):
        advice = stored_advice(device)
        if advice is not None and advice.record.advice_id == advice_id:
            require_right(device.home, principal.right)
            return advice
    raise NotFoundError("recommendation", advice_id)


def owned_homes(principal: Principal) -> list[OwnedHome]:
    """The homes that the principal may see, by id."""
    pointers = every(services().state, account_pk(principal.account_id), "home#")
    ids = [pointer.sk.removeprefix("home#") for pointer in pointers]
    return _existing(owned_home, principal.by("see"), ids)


def owned_devices(principal: Principal) -> list[OwnedDevice]:
    """The devices in all homes that the principal may see."""
    return list(_owned_devices(principal))


def _owned_devices(principal: Principal) -> Iterator[OwnedDevice]:
    """The same, each looked up when it is asked for."""
    state = services().state
    for home in owned_homes(principal):
        pointers = every(state, home_pk(home.record.home_id), "device#")
        ids = [pointer.sk.removeprefix("device#") for pointer in pointers]
        yield from _existing(owned_device, principal.by("see"), ids)


def stored_advice(device: OwnedDevice) -> OwnedAdvice | None:
    """The advice now stored for a device."""
    item = services().state.get(device_pk(device.record.device_id), "advice")
    if item is None:
        return None
    record = record_of(AdviceRecord, item)
    _device_of.put(record.advice_id, device.record.device_id)
    return OwnedAdvice(record, item.version, device, item.text)


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


def bearer() -> str | None:
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
