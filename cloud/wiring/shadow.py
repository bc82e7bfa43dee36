"""The shadow process: requests from the broker, shadows in a file, answers back; claim codes, too.

A request is acknowledged after its commit and after its answers have been acknowledged; whatever is lost in
between is delivered again. Requests that wait together are one commit.
"""

import queue
import threading
import time
from datetime import UTC, datetime

import structlog
from msgspec.json import encode
from pydantic import ValidationError

from cloud.adapters.mqtt_connection import MqttConnection, MqttEndpoint, MqttMessage
from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.claim_topic import ClaimTopic
from cloud.config import CloudSettings
from cloud.deletion import open_requests, settle
from cloud.errors import ConflictError, UnavailableError
from cloud.ports.deletion import was_deleted
from cloud.ports.records import device_pk
from cloud.shadow import Answer, Operation, Request
from cloud.shadow_service import ShadowService
from cloud.wiring.process import ready_file, stop_on_signals
from edge.contract import DeviceId, topics

MAX_GROUP = 300
"""Requests in one commit; each has up to three answers."""

LOOK_S = 1.0
"""How often it looks for shadows to be forgotten [s]."""

RETRY_S = 0.5
"""Wait after the store did not answer [s]."""

_OPERATIONS: dict[str, Operation] = {"get": "get", "update": "update", "delete": "delete"}

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class ShadowProcess:
    """Serves the shadow topics of one broker until it is told to stop.

    Args:
        settings: Where the broker and the files are.
    """

    def __init__(self, settings: CloudSettings) -> None:
        self._settings = settings
        self._waiting: queue.SimpleQueue[MqttMessage | None] = queue.SimpleQueue()
        self._store = SqliteStateStore(settings.data_dir / "shadow.sqlite")
        self._state = SqliteStateStore(settings.data_dir / "state.sqlite")
        self._service = ShadowService(self._store, lambda: datetime.now(UTC), self._is_deleted)
        self._claims = ClaimTopic(self._state, lambda: datetime.now(UTC))
        self._looked_at = 0.0
        self._connection = MqttConnection(
            MqttEndpoint(
                settings.mqtt_host,
                settings.mqtt_port,
                settings.mqtt_username,
                settings.mqtt_password.get_secret_value(),
            ),
            "shadow-0",
            topics=(topics.SHADOW_UPDATE, topics.SHADOW_GET, topics.SHADOW_DELETE, topics.CLAIM),
            on_message=self._waiting.put,
            manual_ack=True,
        )

    def wake(self) -> None:
        """Make the loop look at its stop event."""
        self._waiting.put(None)

    def run(self, stop: threading.Event) -> None:
        """Serve until `stop` is set."""
        self._connection.start()
        try:
            while not stop.is_set() and not self._connection.connected.wait(0.1):
                pass
            with ready_file(self._settings.data_dir, "shadow"):
                while not stop.is_set():
                    group = self._next_group()
                    claims = [message for message in group if message.topic.endswith("/claim")]
                    if requests := [message for message in group if message not in claims]:
                        self._serve(requests, stop)
                    for message in claims:
                        self._show_code(message)
                    self._forget_deleted()
        finally:
            self._connection.stop()
            self._store.close()
            self._state.close()

    def _next_group(self) -> list[MqttMessage]:
        """Wait for a message, but not for ever, and take what has come with it."""
        try:
            group = [self._waiting.get(timeout=LOOK_S)]
        except queue.Empty:
            return []
        while len(group) < MAX_GROUP and not self._waiting.empty():
            group.append(self._waiting.get())
        return [message for message in group if message is not None]

    def _is_deleted(self, device_id: DeviceId) -> bool:
        is_known = self._state.get(device_pk(device_id), "device") is not None
        return not is_known and was_deleted(self._state, device_id)

    def _forget_deleted(self) -> None:
        """Leave nothing of the shadows of devices that their people have deleted."""
        now = time.monotonic()
        if now - self._looked_at < LOOK_S:
            return
        self._looked_at = now
        try:
            requests = list(open_requests(self._state, "shadow"))
            for _, request in requests:
                self._service.forget(request.device_id)
            if requests:
                self._store.scrub()
            for item, _ in requests:
                settle(self._state, item)
        except UnavailableError as error:  # looked at again
            log.warning("shadows_not_forgotten", reason=str(error))

    def _show_code(self, message: MqttMessage) -> None:
        """Answer with a claim code; what cannot be answered now is not, and who asked asks again."""
        asker_id = topics.owner(message.topic)
        try:
            if (answer := self._claims.hear(asker_id, message.payload)) is not None:
                self._connection.publish(*answer)
        except (ValidationError, ConflictError, UnavailableError) as error:
            log.warning("claim_not_answered", asker_id=asker_id, reason=type(error).__name__)
        self._connection.acknowledge([message])

    def _serve(self, group: list[MqttMessage], stop: threading.Event) -> None:
        requests = [_request(message) for message in group]
        while not stop.is_set():
            try:
                answers = self._service.serve(requests)
            except UnavailableError:
                log.exception("shadows_not_stored")
                stop.wait(RETRY_S)
            else:
                self._answer(answers, group)
                return

    def _answer(self, answers: list[tuple[DeviceId, Answer]], group: list[MqttMessage]) -> None:
        """Without our acknowledgement the broker delivers the requests again."""
        try:
            deliveries = [
                self._connection.send(topics.shadow(device_id, answer.suffix), encode(answer.document))
                for device_id, answer in answers
            ]
            for delivery in deliveries:
                delivery.wait()
        except UnavailableError:
            log.warning("answers_not_delivered", requests=len(group), exc_info=True)
        else:
            self._connection.acknowledge(group)


def run(settings: CloudSettings) -> int:
    """Serve until SIGTERM; returns the exit status."""
    (settings.data_dir / "run" / "shadow.ready").unlink(missing_ok=True)  # of a process that was killed
    try:
        process = ShadowProcess(settings)
    except UnavailableError as error:
        log.error("shadow_not_started", reason=str(error))  # noqa: TRY400 (one clear line)
        return 1
    process.run(stop_on_signals(process.wake))
    return 0


def _request(message: MqttMessage) -> Request:
    operation = _OPERATIONS[message.topic.rsplit("/", 1)[1]]
    return Request(topics.owner(message.topic), operation, message.payload)
