"""Homes: where the devices are, what energy costs there, and who may act."""

import secrets
from typing import Annotated

import structlog
from pydantic import ConfigDict, Field, StringConstraints

from cloud.ports.deletion import scrub_write
from cloud.ports.records import HomeRecord, HourlyPrices, gateway_pk, home_pk
from cloud.ports.state import ABSENT, Delete, Item, Put, Write, every
from edge.contract.quantities import Instant
from mobile_api.access import OwnedHome, Principal, owned_device, owned_homes
from mobile_api.cursors import part_of
from mobile_api.errors import InvalidFieldError, StateConflictError
from mobile_api.members import Member, invitation_deletes, leave, members
from mobile_api.operations import Answer, Body, Operations, Page, Paging, Shown
from mobile_api.pairing import delete, forget_found
from mobile_api.records import InvitationRecord, MemberRecord, Role, account_pk
from mobile_api.services import services
from mobile_api.tries import forget_tries

MAX_HOMES = 1000
"""Homes of one account: bounds what one request may touch."""

operations = Operations("homes")
log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class HomeBody(Body):
    """A home, as its people describe it."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    latitude_deg: float = Field(ge=-90, le=90)
    longitude_deg: float = Field(ge=-180, le=180)
    timezone: str = Field(description="IANA name, such as `Europe/Rome`.", max_length=64)
    currency: str = Field("EUR", pattern=r"^[A-Z]{3}$", description="ISO 4217 code.")
    tariff_per_kwh: float = Field(0.30, ge=0, le=1000, description="Flat price in `currency` per kWh.")
    tariff_by_hour: HourlyPrices | None = Field(
        None, description="Price of each local hour of the day, in `currency` per kWh; null: the flat one."
    )
    share_presence: bool = Field(default=False, description="Consent: `motion` may leave the site.")
    share_phone_presence: bool = Field(
        default=False, description="Consent: phones say whether somebody is home, and advice goes by it."
    )
    measure_savings: bool = Field(
        default=False, description="Consent: on some days, by lot, nothing is advised, to measure savings."
    )
    away_until: Instant | None = Field(
        None,
        description="Vacation: nobody is home until then; the schedule rests meanwhile.",
    )


class HomeView(HomeBody):
    """A home with its people and devices."""

    model_config = ConfigDict(extra="ignore")

    home_id: str
    role: Role = Field(description="What you are in it.")
    members: list[Member]
    device_ids: list[str]
    gateway_ids: list[str]


class HomeList(Shown):
    """The homes of an account."""

    items: list[HomeView]


@operations.post("/v1/homes", status=201, errors=(409,))
def create_home(principal: Principal, body: HomeBody) -> Answer[HomeView]:
    """Make a home; its maker owns it."""
    state = services().state
    if len(owned_homes(principal)) >= MAX_HOMES:
        raise StateConflictError(f"an account has at most {MAX_HOMES} homes")
    home = _record(f"h-{secrets.token_hex(8)}", principal.account_id, body)
    pk = home_pk(home.home_id)
    state.transact(
        [
            Put(pk, "home", home.model_dump(mode="json"), if_version=ABSENT),
            Put(pk, f"member#{principal.account_id}", MemberRecord(role="owner").model_dump()),
            Put(account_pk(principal.account_id), f"home#{home.home_id}", {}),
        ]
    )
    log.info("home_created", home_id=home.home_id)
    return Answer(_view(OwnedHome(home, 1, "owner")), f"/v1/homes/{home.home_id}")


@operations.get("/v1/homes")
def list_homes(principal: Principal, query: Paging, after: str) -> Page[HomeList]:
    """The homes in which the account may act, by id."""
    homes, following = part_of(owned_homes(principal), lambda home: home.record.home_id, after, query.limit)
    return Page(HomeList(items=[_view(home) for home in homes]), following)


@operations.get("/v1/homes/<home_id>")
def show_home(home: OwnedHome) -> HomeView:
    """One home."""
    return _view(home)


@operations.put("/v1/homes/<home_id>", errors=(409,))
def change_home(home: OwnedHome, body: HomeBody) -> HomeView:
    """Replace what the people say of their home.

    409 when somebody else changed it at the same moment.
    """
    changed = _record(home.record.home_id, home.record.owner_id, body)
    pk = home_pk(changed.home_id)
    writes: list[Write] = [Put(pk, "home", changed.model_dump(mode="json"), if_version=home.version)]
    if not changed.share_phone_presence:
        writes.append(Delete(pk, "presence"))
    services().state.transact(writes)
    log.info("home_changed", home_id=changed.home_id)
    return _view(OwnedHome(changed, home.version + 1, home.role))


@operations.delete("/v1/homes/<home_id>", right="own", errors=(409,))
def delete_home(home: OwnedHome, principal: Principal) -> None:
    """Delete a home and its devices, with all that they have said and that was learnt of them."""
    remove_home(home, principal)


def part_with(principal: Principal) -> None:
    """Leave every home; what the principal owns goes with them.

    Raises:
        ConflictError: A home changed meanwhile; the same call again goes on.
    """
    for home in owned_homes(principal):
        if home.role == "owner":
            remove_home(home, principal.by("own"))
        else:
            leave(home.record.home_id, principal.account_id)
    forget_tries(principal.account_id)


def remove_home(home: OwnedHome, principal: Principal) -> None:
    """Delete the devices, then the home; cut short, the same call again goes on.

    Raises:
        ConflictError: A device was paired, or the home changed, meanwhile.
    """
    state, at = services().state, services().now()
    home_id = home.record.home_id
    for pointer in list(every(state, home_pk(home_id), "device#")):
        delete(state, owned_device(principal, pointer.sk.removeprefix("device#")), at)
    for pointer in list(every(state, home_pk(home_id), "gateway#")):
        forget_found(state, pointer.sk.removeprefix("gateway#"))
    now = state.get(home_pk(home_id), "home")
    left = [item for item in every(state, home_pk(home_id)) if not item.sk.startswith("device#")]
    state.transact(
        [
            Delete(home_pk(home_id), "home", if_version=None if now is None else now.version),
            *(Delete(item.pk, item.sk) for item in left if item.sk != "home"),
            *(write for item in left for write in _elsewhere(item)),
            scrub_write(home_id),
        ]
    )
    log.info("home_deleted", home_id=home_id)


def _elsewhere(item: Item) -> list[Delete]:
    """What an item of a home points to, outside of its partition; devices have gone before."""
    kind, _, key = item.sk.partition("#")
    match kind:
        case "member":
            return [Delete(account_pk(key), f"home#{item.pk.removeprefix('home#')}")]
        case "gateway":
            return [Delete(gateway_pk(key), "gateway")]
        case "invitation":
            return invitation_deletes(InvitationRecord.model_validate(item.body))[1:]
        case _:
            return []


def _record(home_id: str, owner_id: str, body: HomeBody) -> HomeRecord:
    try:
        return HomeRecord(home_id=home_id, owner_id=owner_id, **body.model_dump())
    except ValueError as error:  # the only field that HomeBody leaves to the record
        raise InvalidFieldError("#/timezone", f"no IANA time zone {body.timezone!r}") from error


def _view(home: OwnedHome) -> HomeView:
    state = services().state
    pk = home_pk(home.record.home_id)
    return HomeView(
        **home.record.model_dump(exclude={"owner_id"}),
        role=home.role,
        members=members(home),
        device_ids=[item.sk.removeprefix("device#") for item in every(state, pk, "device#")],
        gateway_ids=[item.sk.removeprefix("gateway#") for item in every(state, pk, "gateway#")],
    )
