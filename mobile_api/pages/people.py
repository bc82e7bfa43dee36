"""The people of a home: who they are, who is invited, who joins, who leaves."""

from flask import Response, url_for

from cloud.errors import NotFoundError
from mobile_api.access import RIGHTS, OwnedHome, Principal
from mobile_api.errors import StateConflictError
from mobile_api.members import (
    Acceptance,
    InvitationBody,
    MemberBody,
    NewInvitation,
    accept_invitation,
    change_member,
    invite,
    list_invitations,
    members,
    remove_member,
    withdraw_invitation,
)
from mobile_api.operations import Operations
from mobile_api.pages.forms import Refusal, done, entered, page, read, tried

operations = Operations("pages")


@operations.get("/homes/<home_id>/people", documented=False)
def show_people(home: OwnedHome, principal: Principal) -> Response:
    """Who may act in the home."""
    return _people(home, principal)


@operations.post("/homes/<home_id>/people", right="own", documented=False)
def invite_on_page(home: OwnedHome, principal: Principal) -> Response:
    """Make an invitation; its code is on this one page and nowhere else."""
    made: list[NewInvitation] = []
    refusal = tried(
        lambda: made.append(invite(home, read(InvitationBody, {"role": entered("role")}))),
        {StateConflictError: "people.full"},
    )
    response = _people(home, principal, refusal, made[0] if made else None)
    response.headers["Cache-Control"] = "no-store"
    return response


@operations.post("/homes/<home_id>/invitations/<invitation_id>/withdraw", right="own", documented=False)
def withdraw_on_page(home: OwnedHome, invitation_id: str) -> Response:
    """Take an invitation back."""
    withdraw_invitation(home, invitation_id)
    return _back(home)


@operations.post("/homes/<home_id>/people/<member_id>", right="own", documented=False)
def change_member_on_page(home: OwnedHome, principal: Principal, member_id: str) -> Response:
    """Give somebody another role."""
    refusal = tried(
        lambda: change_member(home, principal, member_id, read(MemberBody, {"role": entered("role")})),
        {StateConflictError: "people.one_owner"},
    )
    return _back(home) if refusal is None else _people(home, principal, refusal)


@operations.post("/homes/<home_id>/people/<member_id>/remove", right="see", documented=False)
def remove_member_on_page(home: OwnedHome, principal: Principal, member_id: str) -> Response:
    """Leave a home, or send somebody away."""
    remove_member(home, principal, member_id)
    return done(url_for("show_start")) if member_id == principal.account_id else _back(home)


@operations.get("/join", documented=False)
def show_join(principal: Principal) -> Response:  # noqa: ARG001 (the layer asks who it is)
    """The form for the code of an invitation."""
    return page("join.html")


@operations.post("/join", scope="control", right="see", documented=False)
def join_on_page(principal: Principal) -> Response:
    """Become one of the people of a home."""
    refusal = tried(
        lambda: accept_invitation(principal, read(Acceptance, {"code": entered("code")})),
        {NotFoundError: "join.unknown", StateConflictError: "join.conflict"},
    )
    return done(url_for("show_start")) if refusal is None else page("join.html", refusal)


def _back(home: OwnedHome) -> Response:
    return done(url_for("show_people", home_id=home.record.home_id))


def _people(
    home: OwnedHome, principal: Principal, refusal: Refusal | None = None, made: NewInvitation | None = None
) -> Response:
    owns = "own" in RIGHTS[home.role]
    return page(
        "people.html",
        refusal,
        home=home.record,
        rights=RIGHTS[home.role],
        me=principal.account_id,
        people=members(home),
        invitations=list_invitations(home).items if owns else [],
        made=made,
    )
