"""Deletion requests, as each doer carries them out."""

from collections.abc import Iterator
from contextlib import suppress

from cloud.errors import ConflictError
from cloud.ports.deletion import DeletionRecord, Doer, deletion_pk
from cloud.ports.state import Delete, Item, StateStore, every


def open_requests(state: StateStore, doer: Doer) -> Iterator[tuple[Item, DeletionRecord]]:
    """What is asked of a doer, with the item that says so."""
    for item in every(state, deletion_pk(doer)):
        yield item, DeletionRecord.model_validate(item.body)


def settle(state: StateStore, item: Item) -> None:
    """Nothing is left with the doer; one that was asked again meanwhile stays."""
    with suppress(ConflictError):
        state.transact([Delete(item.pk, item.sk, if_version=item.version)])
