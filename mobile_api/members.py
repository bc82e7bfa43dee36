"""Members: who may act in a home; they are invited, change their role, hand the home over, and leave."""

import secrets
from datetime import timedelta
from typing import Annotated, Any, Literal

import structlog
from pydantic import AwareDatetime, ConfigDict, Field, StringConstraints

from cloud.errors import NotFoundError
from cloud.ports.records import HomeRecord, home_pk
from cloud.ports.state import ABSENT, Delete, Item, Put, every
from mobile_api.access import OwnedHome, Principal, require_right
from mobile_api.digests import digest
from mobile_api.errors import StateConflictError
from mobile_api.operations import Body, Operations, Shown
from mobile_api.records import (
    AccountRecord,
    InvitationRecord,
    MemberRecord,
    Role,
    account_pk,
    invitation_pk,
)
from mobile_api.services import services
from mobile_api.tries import give_back_try, spend_try

MAX_MEMBERS, MAX_INVITATIONS = 16, 8
"""Of one home: they are removed with it in one transaction."""

INVITATION_VALID = timedelta(days=7)

operations = Operations("members")
log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Member(Shown):
    """Somebody who may act in a home."""

    account_id: str
    role: Role
    email: str | None = Field(description="Null for the eyes of a guest.")


class MemberList(Shown):
    """The people of a home."""

    items: list[Member]


class MemberBody(Body):
    """What somebody shall be in the home; `owner` hands it over, and who did so becomes a member."""

    role: Role


class InvitationBody(Body):
    """What the invited person will be."""

    role: Literal["member", "guest"] = "member"


class InvitationView(Shown):
    """An invitation that nobody has accepted yet."""

    model_config = ConfigDict(extra="ignore")

    invitation_id: str
    role: Role
    expires_at: AwareDatetime


class InvitationList(Shown):
    """The open invitations to a home."""

    items: list[InvitationView]


class NewInvitation(InvitationView):
    """An invitation with its code, which is shown this once and is good once."""

    code: str


class Acceptance(Body):
    """The code of an invitation."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=64)]


class Membership(Shown):
    """What somebody has become, and where."""

    home_id: str
    role: Role


@operations.get("/v1/homes/<home_id>/members")
def list_members(home: OwnedHome) -> MemberList:
    """The people of a home."""
    return MemberList(items=members(home))


@operations.put("/v1/homes/<home_id>/members/<member_id>", right="own", errors=(409,))
def change_member(home: OwnedHome, principal: Principal, member_id: str, body: MemberBody) -> MemberList:
    """Give somebody of the home another role; `owner` hands the home over.

    404 when they are not of this home; 409 for one's own role: a home has one owner, who hands it over first.
    """
    item = _membership(home.record.home_id, member_id)
    if member_id == principal.account_id:
        if body.role == home.role:
            return MemberList(items=members(home))
        raise StateConflictError("a home has one owner: hand it over to somebody else first")
    pk = home_pk(home.record.home_id)
    writes = [Put(pk, item.sk, MemberRecord(role=body.role).model_dump(), item.version)]
    if body.role == "owner":
        mine = MemberRecord(role="member").model_dump()
        writes += [Put(pk, f"member#{principal.account_id}", mine), _owned_by(home, member_id)]
    services().state.transact(writes)
    log.info("member_changed", home_id=home.record.home_id, role=body.role)
    return MemberList(items=members(home))


@operations.delete("/v1/homes/<home_id>/members/<member_id>", right="see", errors=(409,))
def remove_member(home: OwnedHome, principal: Principal, member_id: str) -> None:
    """Leave a home; its owner may also send others away.

    409 for the owner: hand the home over first, or delete it.
    """
    if member_id != principal.account_id:
        require_right(home, "own")
    _membership(home.record.home_id, member_id)
    if member_id == home.record.owner_id:
        raise StateConflictError("the owner cannot leave: hand the home over first, or delete it")
    leave(home.record.home_id, member_id)


@operations.post("/v1/homes/<home_id>/invitations", status=201, right="own", errors=(409,))
def invite(home: OwnedHome, body: InvitationBody) -> NewInvitation:
    """Invite somebody by a code that is good once, within seven days.

    409 when there are as many people, or open invitations, as a home may have.
    """
    use, pk = services(), home_pk(home.record.home_id)
    if len(use.state.query(pk, prefix="invitation#", limit=MAX_INVITATIONS)) >= MAX_INVITATIONS:
        raise StateConflictError(f"a home has at most {MAX_INVITATIONS} open invitations")
    _require_room(home.record.home_id)
    code = secrets.token_urlsafe(16)
    record = InvitationRecord(
        invitation_id=f"i-{secrets.token_hex(8)}",
        home_id=home.record.home_id,
        role=body.role,
        code_digest=digest(code),
        expires_at=use.now() + INVITATION_VALID,
    )
    stored = record.model_dump(mode="json")
    use.state.transact(
        [
            Put(sk_pk, sk, stored, ABSENT, expires_at=record.expires_at)
            for sk_pk, sk in (
                (pk, f"invitation#{record.invitation_id}"),
                (invitation_pk(record.code_digest), "invitation"),
            )
        ]
    )
    log.info("member_invited", home_id=home.record.home_id, role=body.role)
    return NewInvitation(code=code, **_shown(record))


@operations.get("/v1/homes/<home_id>/invitations", right="own")
def list_invitations(home: OwnedHome) -> InvitationList:
    """The open invitations to a home, without their codes."""
    found = every(services().state, home_pk(home.record.home_id), "invitation#")
    records = [InvitationRecord.model_validate(item.body) for item in found]
    return InvitationList(items=[InvitationView(**_shown(record)) for record in records])


@operations.delete("/v1/homes/<home_id>/invitations/<invitation_id>", right="own")
def withdraw_invitation(home: OwnedHome, invitation_id: str) -> None:
    """Take an invitation back."""
    item = services().state.get(home_pk(home.record.home_id), f"invitation#{invitation_id}")
    if item is None:
        raise NotFoundError("invitation", invitation_id)
    services().state.transact(invitation_deletes(InvitationRecord.model_validate(item.body)))


@operations.post("/v1/invitations/accept", right="see", errors=(404, 409, 429))
def accept_invitation(principal: Principal, body: Acceptance) -> Membership:
    """Become one of the people of a home by the code of an invitation; the code is used up.

    404 when there is no such invitation (any more), 409 when the home is full or they are of it already, 429
    after five wrong codes in ten minutes.
    """
    spend_try(principal.account_id)
    state = services().state
    item = state.get(invitation_pk(digest(body.code.strip())), "invitation")
    if item is None:
        raise NotFoundError("invitation", "with this code")
    invitation = InvitationRecord.model_validate(item.body)
    give_back_try(principal.account_id)
    pk, member_sk = home_pk(invitation.home_id), f"member#{principal.account_id}"
    if state.get(pk, member_sk) is not None:
        raise StateConflictError("you are of this home already")
    _require_room(invitation.home_id)
    home = state.get(pk, "home")
    if home is None:
        raise NotFoundError("invitation", "with this code")
    deletes = invitation_deletes(invitation)
    state.transact(
        [
            Put(pk, member_sk, MemberRecord(role=invitation.role).model_dump(), ABSENT),
            Put(account_pk(principal.account_id), f"home#{invitation.home_id}", {}),
            # Written as it is, only to fail when the home is deleted, or fills up, at the same moment.
            Put(pk, "home", home.body, home.version),
            deletes[0],
            Delete(item.pk, item.sk, item.version),
        ]
    )
    log.info("member_came", home_id=invitation.home_id, role=invitation.role)
    return Membership(home_id=invitation.home_id, role=invitation.role)


def members(home: OwnedHome) -> list[Member]:
    """The people of a home; a guest is not told their addresses."""
    state = services().state
    found = []
    for item in every(state, home_pk(home.record.home_id), "member#"):
        account_id = item.sk.removeprefix("member#")
        account = None if home.role == "guest" else state.get(account_pk(account_id), "account")
        email = None if account is None else AccountRecord.model_validate(account.body).email
        role = MemberRecord.model_validate(item.body).role
        found.append(Member(account_id=account_id, role=role, email=email))
    return found


def leave(home_id: str, account_id: str) -> None:
    """Somebody is not of a home any more.

    Raises:
        NotFoundError: They were not.
        ConflictError: Their role changed at the same moment.
    """
    item = _membership(home_id, account_id)
    services().state.transact(
        [Delete(item.pk, item.sk, item.version), Delete(account_pk(account_id), f"home#{home_id}")]
    )
    log.info("member_left", home_id=home_id)


def invitation_deletes(invitation: InvitationRecord) -> list[Delete]:
    """The writes after which an invitation is good for nothing."""
    return [
        Delete(home_pk(invitation.home_id), f"invitation#{invitation.invitation_id}"),
        Delete(invitation_pk(invitation.code_digest), "invitation"),
    ]


def _membership(home_id: str, account_id: str) -> Item:
    item = services().state.get(home_pk(home_id), f"member#{account_id}")
    if item is None:
        raise NotFoundError("member", account_id)
    return item


def _require_room(home_id: str) -> None:
    if len(services().state.query(home_pk(home_id), prefix="member#", limit=MAX_MEMBERS)) >= MAX_MEMBERS:
        raise StateConflictError(f"a home has at most {MAX_MEMBERS} people")


def _owned_by(home: OwnedHome, account_id: str) -> Put:
    record: HomeRecord = home.record.model_copy(update={"owner_id": account_id})
    return Put(home_pk(record.home_id), "home", record.model_dump(mode="json"), home.version)


def _shown(record: InvitationRecord) -> dict[str, Any]:
    return record.model_dump(include=set(InvitationView.model_fields))
