"""Links: whose devices Google Home shows; known from the sync by which it asked for them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from cloud.errors import ConflictError
from cloud.ports.records import Record
from cloud.ports.state import Delete, Put, StateStore, every
from mobile_api.records import account_pk
from mobile_api.voice.google_states import Json
from mobile_api.voice.told import Ledger, ToldDevice, forget_told, shape_of

LINKS_PK: Final = "google#links"
"""Partition of the pointers to linked accounts."""

LINK_SK: Final = "google_link"


class LinkRecord(Record):
    """A linked account. Key `account#{account_id}` / `google_link`; it ends with its sign-in."""

    session_id: str


@dataclass(frozen=True, slots=True)
class GoogleLinks:
    """Links in the serving state."""

    state: StateStore

    def keep(self, account_id: str, session_id: str, devices: Sequence[Json]) -> None:
        """Google knows these devices, as SYNC describes them: their changes are told from now on."""
        link = LinkRecord(session_id=session_id).model_dump(mode="json")
        self.state.transact([Put(account_pk(account_id), LINK_SK, link), Put(LINKS_PK, account_id, {})])
        told = Ledger.read(self.state, account_id, "google")
        shapes = {each["id"]: shape_of(each) for each in devices}
        try:
            told.note(synced(told, shapes))
        except ConflictError:
            return  # what is told at the moment is looked at again

    def session_id(self, account_id: str) -> str | None:
        """The sign-in by which an account is linked; None when it is not."""
        item = self.state.get(account_pk(account_id), LINK_SK)
        return None if item is None else LinkRecord.model_validate(item.body).session_id

    def account_ids(self) -> Iterator[str]:
        """Linked accounts, in their order."""
        return (item.sk for item in every(self.state, LINKS_PK))

    def forget(self, account_id: str) -> None:
        """Tell nothing more of an account."""
        self.state.transact(forget_link(account_id))


def synced(told: Ledger, shapes: dict[str, str]) -> dict[str, ToldDevice | None]:
    """What Google knows after a sync: these devices (shapes by id), and no other."""
    known = {device_id: each.values for device_id, each in told.devices.items()}
    now: dict[str, ToldDevice | None] = dict.fromkeys(told.devices)
    now |= {
        device_id: ToldDevice(shape=shape, values=known.get(device_id, {}))
        for device_id, shape in shapes.items()
    }
    return now


def forget_link(account_id: str) -> list[Delete]:
    """The writes that end a link, and what was told by it."""
    return [
        Delete(account_pk(account_id), LINK_SK),
        Delete(LINKS_PK, account_id),
        forget_told(account_id, "google"),
    ]
