"""Home Assistant's process: the account over HTTP on one side, Home Assistant's broker on the other."""

import random
import threading
import time
from collections.abc import Callable

import structlog

from edge.adapters.http_account import Codes, HttpAccount
from edge.adapters.mqtt_board import MqttBoard, Presses, last_will
from edge.adapters.mqtt_session import Endpoint, MqttSession
from edge.config import HomeAssistantSettings
from edge.errors import NotReadyError
from edge.home_assistant.display import Display
from edge.home_assistant.place import STATUS, Place
from edge.ports import Parcel

log = structlog.get_logger()

PATIENCE_S = 0.25
"""How long a press waits at most before somebody looks whether it is time to end [s]."""

AFTER_PRESS_S = 1.0
"""So soon after a press it is looked what came of it [s]."""


class HomeAssistantProcess:
    """Shows the devices of an account until it is stopped.

    Args:
        settings: Where all of it is.
    """

    def __init__(self, settings: HomeAssistantSettings) -> None:
        self._settings = settings
        self._stopping = threading.Event()
        self._is_new = threading.Event()
        self._place = place = Place(settings.name)
        self._presses = Presses(place)
        endpoint = Endpoint(
            settings.host,
            settings.port,
            settings.username,
            settings.password,
            client_id=settings.client_id or f"ac-advisor-{settings.name}",
            durable=False,
        )
        rng = random.Random()  # noqa: S311 (spreads reconnects)
        self._session = MqttSession("home_assistant", endpoint, self._presses.subscriptions(), rng)
        self._session.last_will = last_will(place)
        self._session.on_up = self._is_new.set
        board = MqttBoard(self._session)
        self._display = Display(_account(settings), board, place)
        self._thread = threading.Thread(target=self._run, name="home-assistant", daemon=True)

    def start(self) -> None:
        """Connect and serve, in a thread of its own."""
        self._session.start()
        self._thread.start()

    def stop(self) -> None:
        """End; Home Assistant is told that the devices cannot be reached from here."""
        self._stopping.set()
        self._thread.join(AFTER_PRESS_S)
        self._session.publish(last_will(self._place), retained=True)
        self._session.stop()

    def _run(self) -> None:
        due_s = 0.0
        while not self._stopping.is_set():
            due_s = self._press(due_s)
            if self._is_new.is_set() and self._session.up.is_set():
                self._is_new.clear()
                self._display.tell_again()
                self._session.publish(Parcel(self._place.online, b"online"), retained=True)
                due_s = 0.0
            if self._session.up.is_set() and time.monotonic() >= due_s:
                self._attempt(self._display.refresh, "not_refreshed")
                due_s = time.monotonic() + self._settings.refresh_s

    def _press(self, due_s: float) -> float:
        """Pass one press on; when to look again [s]."""
        message = self._presses.take(PATIENCE_S)
        if message is None:
            return due_s
        if message.topic == STATUS:
            if message.payload == b"online":
                self._is_new.set()
            return due_s
        self._attempt(lambda: self._display.press(message), "press_lost")
        return min(due_s, time.monotonic() + AFTER_PRESS_S)

    @staticmethod
    def _attempt(work: Callable[[], None], event: str) -> None:
        try:
            work()
        except NotReadyError as error:
            log.warning(event, reason=str(error))
        except Exception:
            log.exception(event)


def begin_sign_in(settings: HomeAssistantSettings) -> Codes:
    """What a person has to type to let this process in.

    Raises:
        NotReadyError: The cloud does not answer.
    """
    return _account(settings).begin()


def finish_sign_in(settings: HomeAssistantSettings, codes: Codes) -> None:
    """Wait until they have.

    Raises:
        EdgeError: They have not, or the cloud does not answer.
    """
    _account(settings).finish(codes, time.sleep)


def _account(settings: HomeAssistantSettings) -> HttpAccount:
    return HttpAccount(settings.api_url, settings.token_file)
