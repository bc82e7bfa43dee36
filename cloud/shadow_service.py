"""The shadow service: applies requests to the stored shadows and says what is to be answered.

It is the only writer of its store, so it remembers what it has read; a group of requests is one commit.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from cloud.errors import UnavailableError
from cloud.ports.state import MAX_WRITES, Delete, Put, StateStore
from cloud.shadow import NOTHING, Answer, Request, Shadow, respond
from edge.contract import DeviceId

TOMBSTONE_LIFETIME = timedelta(hours=48)
"""How long a deleted shadow's version goes on counting (AWS IoT, "Interacting with shadows")."""

_SK = "shadow"


class ShadowService:
    """Every device's shadow.

    Args:
        store: Where the shadows are kept; nobody else writes there.
        now: The clock (UTC).
        is_deleted: Whether its people have deleted a device: it gets no new shadow.
    """

    def __init__(
        self,
        store: StateStore,
        now: Callable[[], datetime],
        is_deleted: Callable[[DeviceId], bool] = lambda _: False,
    ) -> None:
        self._store = store
        self._now = now
        self._is_deleted = is_deleted
        self._known: dict[DeviceId, Shadow] = {}

    def serve(self, requests: Sequence[Request]) -> list[tuple[DeviceId, Answer]]:
        """Apply `requests` in order, durably.

        Returns:
            The answers, in the order in which they are published.

        Raises:
            UnavailableError: Nothing may be answered or acknowledged; serve the same requests again.
        """
        at = self._now()
        answers: list[tuple[DeviceId, Answer]] = []
        changed: dict[DeviceId, Shadow] = {}
        for request in requests:
            before = changed.get(request.device_id) or self._shadow(request.device_id)
            if before.deleted and request.operation == "update" and self._is_deleted(request.device_id):
                continue  # what was on its way when the device was deleted; nobody waits for an answer
            after, answered = respond(request, before, int(at.timestamp()))
            if after is not before:
                changed[request.device_id] = after
            answers += [(request.device_id, answer) for answer in answered]
        self._store_all(changed, at)
        return answers

    def forget(self, device_id: DeviceId) -> None:
        """Remove a shadow, its version too: with the next one counting begins anew.

        Raises:
            UnavailableError: It is not certain; forget it again.
        """
        self._known.pop(device_id, None)
        self._store.transact([Delete(_pk(device_id), _SK)])

    def _shadow(self, device_id: DeviceId) -> Shadow:
        known = self._known.get(device_id)
        if known is None:
            item = self._store.get(_pk(device_id), _SK)
            known = NOTHING if item is None else Shadow(**item.body)
            self._remember(device_id, known)
        return known

    def _store_all(self, changed: dict[DeviceId, Shadow], at: datetime) -> None:
        writes = [_put(device_id, shadow, at) for device_id, shadow in changed.items()]
        try:
            for start in range(0, len(writes), MAX_WRITES):
                self._store.transact(writes[start : start + MAX_WRITES])
        except UnavailableError:
            self._known.clear()  # what the store holds is what counts
            raise
        for device_id, shadow in changed.items():
            self._remember(device_id, shadow)

    def _remember(self, device_id: DeviceId, shadow: Shadow) -> None:
        """Only what lives: a deleted shadow's version is forgotten one day, and the store knows when."""
        self._known.pop(device_id, None)
        if not shadow.deleted:
            self._known[device_id] = shadow


def _pk(device_id: DeviceId) -> str:
    return f"thing#{device_id}"


def _put(device_id: DeviceId, shadow: Shadow, at: datetime) -> Put:
    body = {
        "state": shadow.state,
        "metadata": shadow.metadata,
        "version": shadow.version,
        "deleted": shadow.deleted,
    }
    expires_at = at + TOMBSTONE_LIFETIME if shadow.deleted else None
    return Put(_pk(device_id), _SK, body, expires_at=expires_at)
