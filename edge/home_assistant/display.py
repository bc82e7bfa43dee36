"""Display: keeps Home Assistant told of devices and advice, and passes on what is pressed there."""

import json
from typing import TYPE_CHECKING, Any

import structlog

from edge.contract import DeviceId
from edge.errors import RejectedError
from edge.home_assistant import entities, states
from edge.home_assistant.place import Place
from edge.home_assistant.ports import Account, Board
from edge.home_assistant.wishes import read
from edge.ports import Message, Parcel

if TYPE_CHECKING:
    from edge.home_assistant.shown import Shown

log = structlog.get_logger()


class Display:
    """All devices of an account on one board.

    Args:
        account: Whose devices these are.
        board: Where Home Assistant reads, and keeps what it was told last.
        place: By which topics.
    """

    def __init__(self, account: Account, board: Board, place: Place) -> None:
        self._account = account
        self._board = board
        self._place = place
        self._told: dict[str, bytes] = {}
        self._shown: dict[DeviceId, Shown] = {}

    def refresh(self) -> None:
        """Tell what has changed; who is gone is taken away.

        Raises:
            NotReadyError: The cloud or the board is away; what was told stands, try again.
        """
        shown = {each.device.device_id: each for each in self._account.devices()}
        for device_id in self._shown.keys() - shown.keys():
            self._take_away(device_id)
        self._shown, place = shown, self._place
        for device_id, each in shown.items():
            self._tell(place.discovery(device_id), entities.description(each.device, place))
            self._tell(place.state(device_id), states.state(each))
            self._tell(place.advice(device_id), states.advice(each))

    def tell_again(self) -> None:
        """Home Assistant, or the board, has started anew: tell everything with the next refresh."""
        self._told.clear()

    def press(self, message: Message) -> None:
        """Pass on what was pressed; what cannot be done is logged, and the true state shown again.

        Raises:
            NotReadyError: The cloud is away: nothing was done.
        """
        try:
            wish = read(self._place, message.topic, message.payload)
            shown = self._shown.get(wish.device_id)
            if shown is None:
                log.info("press_ignored", reason="no device of this account")
                return
            self._account.ask(wish, shown)
        except RejectedError as error:
            log.info("press_refused", reason=str(error))
        self._told = {
            topic: told for topic, told in self._told.items() if not topic.startswith(f"{self._place.root}/")
        }

    def _tell(self, topic: str, document: dict[str, Any]) -> None:
        body = json.dumps(document, separators=(",", ":")).encode()
        if self._told.get(topic) != body:
            self._board.show(Parcel(topic, body))
            self._told[topic] = body

    def _take_away(self, device_id: DeviceId) -> None:
        topics = (self._place.discovery, self._place.state, self._place.advice)
        for topic in (each(device_id) for each in topics):
            self._board.show(Parcel(topic, b""))
            self._told.pop(topic, None)
