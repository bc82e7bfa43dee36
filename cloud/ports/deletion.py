"""Deletion: what the API asks of everybody who keeps something of a device, through the serving state.

The requests are written in the transaction that removes the records. Each doer removes its own request when
nothing is left with it, so whoever is killed finds it again. Until all have begun, the device cannot be
claimed: what its next people say is never taken for what the last ones have deleted.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import sha256
from typing import Final, Literal, TypeAlias, get_args

from cloud.ports.records import Record
from cloud.ports.state import Item, Put, StateStore
from edge.contract import DeviceId

Doer: TypeAlias = Literal["ingest", "advisor", "shadow", "access"]
"""`ingest`: log, dead letters and lake. `advisor`: what was learnt, advised and said. `shadow`: the shadow.
`access`: whoever lets devices in takes away its login and its place behind a gateway."""

DOERS: Final[tuple[Doer, ...]] = get_args(Doer)

DELETED_PK: Final = "deleted"
"""Partition of digests of devices that were deleted: of what they say now nothing is kept."""

SCRUB_PK: Final = "delete#scrub"
"""Partition of digests of what was removed from the serving state and may still be in its file's journal."""


class DeletionRecord(Record):
    """A device of which nothing may be left with a doer. Key `delete#{doer}` / digest of the device's id."""

    device_id: DeviceId
    asked_at: datetime
    begun: bool = False
    """Nothing that comes from now on is taken away; only what was there before may not all be gone yet."""


def digest_of(key: str) -> str:
    """What is kept of an id that is to be forgotten; who knows the id can still compute it."""
    return sha256(key.encode()).hexdigest()[:32]


def deletion_pk(doer: Doer) -> str:
    """Partition of a doer's requests."""
    return f"delete#{doer}"


def deletion_writes(device_id: DeviceId, at: datetime) -> list[Put]:
    """The requests to forget a device; a repeated one begins anew."""
    digest = digest_of(device_id)
    body = DeletionRecord(device_id=device_id, asked_at=at).model_dump(mode="json")
    return [
        *(Put(deletion_pk(doer), digest, body) for doer in DOERS),
        Put(DELETED_PK, digest, {}),
        Put(SCRUB_PK, digest, {}),
    ]


def scrub_write(key: str) -> Put:
    """The request to leave no trace of removed items, such as an account's, in the serving state's file."""
    return Put(SCRUB_PK, digest_of(key), {})


def is_being_deleted(state: StateStore, device_id: DeviceId) -> bool:
    """Whether somebody may still take away what the device says now (who lets it in anew sees to access)."""
    found = _asked(state, device_id, [doer for doer in DOERS if doer != "access"])
    return any(not item.body.get("begun") for item in found)


def is_asked_to_go(state: StateStore, device_id: DeviceId) -> bool:
    """Whether anybody still has to forget the device, or to take its login away."""
    return any(_asked(state, device_id, DOERS))


def _asked(state: StateStore, device_id: DeviceId, doers: Iterable[Doer]) -> Iterator[Item]:
    """What is still asked of these doers about a device."""
    digest = digest_of(device_id)
    found = (state.get(deletion_pk(doer), digest) for doer in doers)
    return (item for item in found if item is not None)


def was_deleted(state: StateStore, device_id: DeviceId) -> bool:
    """Whether its last people have deleted it; asked of devices that are not registered."""
    return state.get(DELETED_PK, digest_of(device_id)) is not None
