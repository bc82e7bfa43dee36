"""Presence: what the phones of a home say about whether somebody is there; only with the home's consent.

Somebody is home when one phone says so. Nobody is when the phones of all who live there say so: a guest's
does not count, and one member whose phone says nothing keeps the home from being taken for empty.
"""

from collections.abc import Mapping

from pydantic import Field

from cloud.ports.records import FeedbackKind, home_pk
from cloud.ports.state import ABSENT, Put, Write, every
from mobile_api.access import OwnedHome, Principal
from mobile_api.errors import StateConflictError
from mobile_api.inbox import append, feedback_entry
from mobile_api.members import members
from mobile_api.operations import Body, Operations, Shown
from mobile_api.records import PresenceRecord
from mobile_api.services import services

operations = Operations("presence")


class PresenceBody(Body):
    """What this person's phone knows."""

    at_home: bool


class PresenceView(Shown):
    """What was heard, and what it means for the home."""

    at_home: bool
    somebody: bool | None = Field(description="Whether somebody is home; null: it cannot be told.")


@operations.put("/v1/homes/<home_id>/presence", right="set_up", scope="advise", errors=(409,))
def say_presence(home: OwnedHome, principal: Principal, body: PresenceBody) -> PresenceView:
    """Say whether this person is home; advice goes by it at once.

    409 when the home has not consented (`share_phone_presence`).
    """
    if not home.record.share_phone_presence:
        raise StateConflictError("the home has not consented: set share_phone_presence first")
    use, pk = services(), home_pk(home.record.home_id)
    item = use.state.get(pk, "presence")
    before = PresenceRecord(at_home={}) if item is None else PresenceRecord.model_validate(item.body)
    living = [each.account_id for each in members(home) if each.role != "guest"]
    said = {key: word for key, word in before.at_home.items() if key in living}
    said[principal.account_id] = body.at_home
    after = PresenceRecord(at_home=said, somebody=_somebody(said, living))
    put = Put(pk, "presence", after.model_dump(), ABSENT if item is None else item.version)
    news = [] if after.somebody in (None, before.somebody) else _news(home, somebody=bool(after.somebody))
    use.state.transact([put, *news])
    return PresenceView(at_home=body.at_home, somebody=after.somebody)


def known_presence(home: OwnedHome, account_id: str) -> PresenceView | None:
    """What this person's phone said last, and what is known of the home; None while it has said nothing."""
    item = services().state.get(home_pk(home.record.home_id), "presence")
    known = PresenceRecord(at_home={}) if item is None else PresenceRecord.model_validate(item.body)
    if account_id not in known.at_home:
        return None
    return PresenceView(at_home=known.at_home[account_id], somebody=known.somebody)


def _somebody(said: Mapping[str, bool], living: list[str]) -> bool | None:
    if any(said.values()):
        return True
    return False if set(said) == set(living) else None


def _news(home: OwnedHome, *, somebody: bool) -> list[Write]:
    """Word for the advisor, for each device of the home."""
    use = services()
    said: FeedbackKind = "came_home" if somebody else "left_home"
    pointers = every(use.state, home_pk(home.record.home_id), "device#")
    ids = [pointer.sk.removeprefix("device#") for pointer in pointers]
    return [
        append(feedback_entry(use.entry_ids.next(), device_id, use.device_now(device_id), said, None))
        for device_id in ids
    ]
