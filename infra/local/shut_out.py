"""Devices that their people have deleted are not let in any more: no login, no place behind the gateway."""

from collections.abc import Sequence
from dataclasses import dataclass

from cloud.deletion import open_requests, settle
from cloud.ports.deletion import DeletionRecord
from cloud.ports.state import Item, StateStore
from infra.local.identities import IdentityFile


@dataclass(frozen=True, slots=True)
class ShutOut:
    """Carries out what the API asks of whoever lets devices in.

    Attributes:
        state: Where the requests are.
        identities: Who is let in.
    """

    state: StateStore
    identities: IdentityFile

    def take_away(self) -> list[Item]:
        """Take the logins of deleted devices away; those that are let in anew after this keep theirs.

        Returns:
            The requests, to be settled once broker and gateway know.

        Raises:
            UnavailableError: The serving state does not answer.
        """
        if not any(True for _ in open_requests(self.state, "access")):
            return []
        found = list[tuple[Item, DeletionRecord]]()

        def choose() -> list[str]:
            found.extend(open_requests(self.state, "access"))
            return [request.device_id for _, request in found]

        self.identities.remove_devices(choose)
        return [item for item, _ in found]

    def settle(self, requests: Sequence[Item]) -> None:
        """They are carried out."""
        for item in requests:
            settle(self.state, item)
