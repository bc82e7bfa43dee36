"""Reading ahead: what a read will look at is fetched with one question, not with one for each item.

Each question lets another thread go first, so ten threads that ask six each wait more than they work.
"""

from collections.abc import Collection, Sequence

from typing_extensions import override

from cloud.ports.state import Item, StateStore, Write


class ReadAhead(StateStore):
    """The serving state of one request that reads, some items of one partition already at hand.

    Args:
        state: The serving state.
        pk: The partition.
        sks: The items; any other is looked up as ever.
    """

    def __init__(self, state: StateStore, pk: str, sks: Collection[str]) -> None:
        self._state = state
        self._pk = pk
        self._sks = frozenset(sks)
        self._found = state.get_some(pk, sks)

    @override
    def get(self, pk: str, sk: str) -> Item | None:
        if pk == self._pk and sk in self._sks:
            return self._found.get(sk)
        return self._state.get(pk, sk)

    @override
    def get_some(self, pk: str, sks: Collection[str]) -> dict[str, Item]:
        return self._state.get_some(pk, sks)

    @override
    def query(self, pk: str, *, prefix: str = "", after: str = "", limit: int = 100) -> list[Item]:
        return self._state.query(pk, prefix=prefix, after=after, limit=limit)

    @override
    def transact(self, writes: Sequence[Write]) -> None:
        self._state.transact(writes)
        self._sks = frozenset()
