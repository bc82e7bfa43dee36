"""Ports: whose devices are shown in Home Assistant, and where."""

from collections.abc import Sequence
from typing import Protocol

from edge.home_assistant.shown import Shown
from edge.home_assistant.wishes import Wish
from edge.ports import Parcel


class Account(Protocol):
    """The devices of somebody, and what they may ask for."""

    def devices(self) -> Sequence[Shown]:
        """Every device with its newest reading, advice and preferences.

        Raises:
            NotReadyError: The cloud does not answer, or nobody has signed in.
        """
        ...

    def ask(self, wish: Wish, shown: Shown) -> None:
        """Ask for `wish`; `shown` is what whoever wished it had before their eyes.

        Raises:
            RejectedError: It cannot be done.
            NotReadyError: The cloud does not answer: nothing was done.
        """
        ...


class Board(Protocol):
    """Where Home Assistant reads."""

    def show(self, parcel: Parcel) -> None:
        """Show the newest of a topic until another one comes; nothing in it takes the topic away.

        Raises:
            NotReadyError: It cannot be reached.
        """
        ...
