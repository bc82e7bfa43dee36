"""Wiring: joins the gateway's logic to its two brokers and its disk, in three threads.

One takes rounds of messages, makes them durable and acknowledges them; one empties the spool into the cloud;
one says how they are doing. The first two never sleep while there is work: they wait for it.
"""

import itertools
import random
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import structlog

from edge.adapters.mqtt_announcer import Announcer
from edge.adapters.mqtt_commands import CloudListener
from edge.adapters.mqtt_devices import MqttDevices
from edge.adapters.mqtt_inbox import Inbox, Received, SiteListener, acknowledge
from edge.adapters.mqtt_neighbours import InterpretedDevices, Neighbourhood
from edge.adapters.mqtt_session import MqttSession, Subscriptions
from edge.adapters.offline_file import EVERY_S, OfflineFile
from edge.adapters.sqlite_spool import SqliteSpool
from edge.adapters.told_devices import ToldDevices
from edge.backoff import full_jitter
from edge.clocks import TelemetryClock, WallClock
from edge.compressor import Rest
from edge.config import EdgeSettings
from edge.contract import DeviceId, topics
from edge.dialects import native
from edge.errors import NotReadyError, SpoolFullError, SpoolUnavailableError, UplinkUnavailableError
from edge.etiquette import Limits
from edge.forwarder import Forwarder
from edge.gateway import Gateway
from edge.interpreter import Interpreted, Interpreter
from edge.offline import OfflineAdvice
from edge.registry import DeviceList
from edge.shadow_desk import ShadowDesk
from edge.status import Status, write_status
from edge.wiring.endpoints import cloud_endpoint, site_endpoint
from edge.wiring.uplink import uplink

log = structlog.get_logger()

ASK_THE_CLOUD = "cloud"
"""In place of a list of devices."""

MEGABYTE = 1024 * 1024

IDLE_S = 0.5
"""Without messages the gateway looks at the time this often [s]."""

STATUS_INTERVAL_S = 1.0
"""Between two status files [s]."""

CLOUD_PATIENCE_S = 3.0
"""A cloud that is not there by then does not keep the gateway from being ready [s]."""

RETRY_CAP_S = 2.0
"""Longest wait before a full or failing spool is tried again [s]."""

STOP_TIMEOUT_S = 2.0
"""A thread of work that has not ended by then is left behind [s]; what it acknowledged is on disk."""


class Edge:
    """The gateway as a process: `start` it, and `stop` it when asked to.

    Args:
        settings: Its settings.

    Raises:
        RegistrationError: The list of devices cannot be read.
        SpoolUnavailableError: The data directory cannot be written.
    """

    def __init__(self, settings: EdgeSettings) -> None:
        self._settings = settings
        self._others_left = True  # who went while we were away
        self._stopping = threading.Event()
        self._spooled = threading.Event()
        self._full = threading.Event()
        self._site_is_back = threading.Event()
        self._rng = random.Random()  # noqa: S311 (spreads reconnects, hides nothing)
        self._ready_path = settings.data_dir / "run" / "edge.ready"
        self._told = ToldDevices(settings.data_dir) if settings.devices == ASK_THE_CLOUD else None
        self._devices = _device_list(settings, self._told)
        registry = self._devices.registry
        self._spool = _spool(settings)
        self._keep_offline_at = 0.0
        self._told_dropped = self._spool.standing().dropped_readings
        self._inbox = Inbox()
        self._listener = self._listen_to_cloud()
        finder = settings.gateway_id if settings.find_devices else ""
        interpreter = Interpreter(registry, settings.sample_interval_s, finder)
        self._neighbours = self._meet_neighbours(interpreter)
        self._site = self._connect_site()
        self._cloud = self._connect_cloud()
        self._announcer = Announcer(
            settings.gateway_id, self._cloud, time.monotonic, None if self._told is None else self._rng
        )
        clock = TelemetryClock() if settings.clock == "telemetry" else WallClock()
        self._clock = clock
        self._offline_file = OfflineFile(settings.data_dir / "offline_advice.json")
        self._offline = OfflineAdvice(
            timedelta(hours=settings.offline_advice_max_h), self._cloud.up.is_set, self._offline_file.read()
        )
        self._desk = ShadowDesk(registry, clock, _limits(settings), self._spool.notes(), _now, self._offline)
        self._gateway = Gateway(
            registry,
            spool=self._spool,
            devices=InterpretedDevices(MqttDevices(self._site), interpreter, _now),
            desk=self._desk,
            clock=clock,
            received_at=_now,
        )
        self._forwarder = Forwarder(
            settings.gateway_id, self._spool, uplink(settings, self._cloud, self._stopping.wait, self._rng)
        )
        self._threads = [
            threading.Thread(target=work, name=name, daemon=True)
            for name, work in (
                ("receive", self._receive_rounds),
                ("forward", self._forward_spool),
                ("watch", self._watch),
            )
        ]

    def start(self) -> None:
        """Connect and serve, in threads of its own."""
        self._ready_path.parent.mkdir(parents=True, exist_ok=True)
        self._ready_path.unlink(missing_ok=True)
        self._site.start()
        self._neighbours.start()
        self._cloud.start()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End; what was acknowledged is on disk, and the rest is still with the site's broker."""
        self._stopping.set()
        self._site.stop()
        self._neighbours.stop()
        self._cloud.stop()
        self._spooled.set()
        for thread in self._threads:
            thread.join(STOP_TIMEOUT_S)
        self._keep_offline()
        self._report()
        self._ready_path.unlink(missing_ok=True)
        self._spool.close()

    def _connect_site(self) -> MqttSession:
        listener = SiteListener(self._inbox)
        endpoint = site_endpoint(self._settings, f"{self._settings.gateway_id}-site", durable=True)
        subscriptions = Subscriptions(native.FILTERS, 1, listener.on_message, manual_ack=True)
        session = MqttSession("site", endpoint, subscriptions, self._rng)
        listener.attach(session)
        session.on_down = listener.on_down
        session.on_up = self._site_is_back.set
        return session

    def _meet_neighbours(self, interpreter: Interpreter) -> Neighbourhood:
        settings = self._settings
        endpoint = site_endpoint(settings, f"{settings.gateway_id}-neighbours", durable=False)
        return Neighbourhood(
            interpreter,
            self._inbox,
            lambda subscriptions: MqttSession("neighbours", endpoint, subscriptions, self._rng),
            settings.data_dir / "neighbours.json",
        )

    def _listen_to_cloud(self) -> CloudListener:
        asked = None
        if self._told is not None:
            asked = topics.claim_devices(self._settings.gateway_id), self._take_devices
        return CloudListener(self._inbox, self._devices.registry, asked)

    def _connect_cloud(self) -> MqttSession:
        settings, listener = self._settings, self._listener
        endpoint = cloud_endpoint(settings, settings.gateway_id)
        session = MqttSession("cloud", endpoint, listener.subscriptions(), self._rng)

        def on_up() -> None:
            listener.ask(session)
            self._announcer.ask_anew()

        session.on_up = on_up
        return session

    def _take_devices(self, payload: bytes) -> None:
        """In the session's thread; whoever judges messages sees that the file has changed."""
        if self._told is not None and self._told.take(payload):
            self._announcer.answered()

    def _receive_rounds(self) -> None:
        while not self._stopping.is_set():
            round_ = self._inbox.take(IDLE_S)
            try:
                self._look_for_devices()
                self._receive(round_)
            except Exception:
                log.exception("round_failed", messages=len(round_))
                self._receive_one_by_one(round_)
            if time.monotonic() >= self._keep_offline_at:
                self._keep_offline()

    def _keep_offline(self) -> None:
        self._offline_file.write(self._offline.tables())
        self._keep_offline_at = time.monotonic() + EVERY_S

    def _look_for_devices(self) -> None:
        """In the thread that judges, and after a round has arrived: who may speak already is known."""
        if self._devices.refresh():
            self._listener.follow(self._cloud, self._devices.registry)
            self._neighbours.follow_registry()
            self._forget_others()
        elif self._others_left:
            self._forget_others()

    def _forget_others(self) -> None:
        """Leave nothing of devices that are not registered any more."""
        self._gateway.follow_registry()
        self._keep_offline()
        try:
            self._spool.keep_only(self._devices.registry)
            self._others_left = False
        except SpoolUnavailableError as error:
            if not self._others_left:
                log.warning("devices_not_forgotten", reason=str(error))
            self._others_left = True

    def _receive_one_by_one(self, round_: Sequence[Received]) -> None:
        """One message must not stand in the way of the others; it stays with the broker."""
        for received in round_:
            try:
                self._receive([received])
            except Exception:
                log.exception("message_failed", topic=received.message.topic)

    def _receive(self, round_: Sequence[Received]) -> None:
        if self._site_is_back.is_set():
            self._site_is_back.clear()
            self._gateway.tell_again()
        entries = self._keep(self._neighbours.interpret([each.message for each in round_], _now()))
        self._announcer.say(self._neighbours.found(_now()))
        if entries is None:
            return
        self._full.clear()
        if entries:
            self._spooled.set()
        acknowledge(round_)

    def _keep(self, said: Interpreted) -> int | None:
        """Make messages durable, however long there is no room for them; None when asked to stop first."""
        for attempt in itertools.count():
            try:
                return self._gateway.receive(said.messages, said.letters)
            except (SpoolFullError, SpoolUnavailableError) as error:
                self._wait_for_room(error, attempt)
                if self._stopping.is_set():
                    break
        return None

    def _wait_for_room(self, error: NotReadyError, attempt: int) -> None:
        if not self._full.is_set():
            log.warning("spool_refused", reason=str(error))
        self._full.set()
        self._stopping.wait(full_jitter(attempt, self._rng, cap_s=RETRY_CAP_S))

    def _forward_spool(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                moved = self._forwarder.forward()
            except (UplinkUnavailableError, SpoolUnavailableError) as error:
                log.info("forwarding_paused", reason=str(error))
                self._wait_for_cloud(failures := failures + 1)
            except Exception:
                log.exception("forwarding_failed")
                self._wait_for_cloud(failures := failures + 1)
            else:
                failures = 0
                if not moved:
                    self._spooled.wait()
                    self._spooled.clear()

    def _wait_for_cloud(self, failures: int) -> None:
        if self._cloud.up.is_set():
            self._stopping.wait(full_jitter(failures, self._rng, cap_s=RETRY_CAP_S))
        while not self._stopping.is_set() and not self._cloud.up.wait(IDLE_S):
            pass

    def _watch(self) -> None:
        self._wait_until_ready()
        while not self._stopping.is_set():
            self._report()
            self._stopping.wait(STATUS_INTERVAL_S)

    def _wait_until_ready(self) -> None:
        patient_until = time.monotonic() + CLOUD_PATIENCE_S
        while not self._stopping.is_set():
            self._report()
            if self._site.up.wait(IDLE_S):
                self._cloud.up.wait(max(0.0, patient_until - time.monotonic()))
                self._report()  # whoever waits for the ready file reads the status next
                self._ready_path.touch()
                log.info("edge_ready", cloud_connected=self._cloud.up.is_set())
                return

    def _report(self) -> None:
        standing, now = self._spool.standing(), _now()
        if standing.dropped_readings > self._told_dropped:
            log.warning("readings_dropped", readings=standing.dropped_readings - self._told_dropped)
            self._told_dropped = standing.dropped_readings
        status = Status(
            at=now,
            gateway_id=self._settings.gateway_id,
            site_connected=self._site.up.is_set(),
            cloud_connected=self._cloud.up.is_set(),
            spooled_readings=standing.readings,
            spool_size_bytes=standing.size_bytes,
            spool_full=self._full.is_set(),
            spool_age_s=0.0 if standing.oldest_at is None else (now - standing.oldest_at).total_seconds(),
            spool_policy=self._settings.spool_policy,
            dropped_readings=standing.dropped_readings,
            forwarded_readings=self._forwarder.readings,
            repeats_dropped=self._gateway.repeats_dropped,
            dead_letters=standing.dead_letters,
            refused_commands=self._desk.refused,
            resent_commands=self._desk.resent,
            superseded_commands=self._desk.superseded,
            offline_advice_age_s=_seconds(self._offline.ages(self._clock.now)),
        )
        try:
            write_status(self._settings.data_dir / "status.json", status)
        except OSError as error:
            log.warning("status_not_written", reason=str(error))


def _seconds(ages: Mapping[DeviceId, timedelta]) -> dict[DeviceId, float]:
    return {device_id: age.total_seconds() for device_id, age in ages.items()}


def _now() -> datetime:
    return datetime.now(UTC)


def _device_list(settings: EdgeSettings, told: ToldDevices | None) -> DeviceList:
    names = ("share_presence", "timezone", "min_setpoint_c", "max_setpoint_c")
    defaults = {name: getattr(settings, name) for name in names}
    return DeviceList(settings.devices if told is None else str(told.path), defaults)


def _limits(settings: EdgeSettings) -> Limits:
    rest = Rest(
        timedelta(seconds=settings.compressor_min_on_s), timedelta(seconds=settings.compressor_min_off_s)
    )
    return Limits(settings.max_beeps_per_hour, rest, settings.heat_ceiling_c)


def _spool(settings: EdgeSettings) -> SqliteSpool:
    return SqliteSpool(
        settings.data_dir / "spool.sqlite",
        settings.spool_max_mb * MEGABYTE,
        settings.dead_letters_max_mb * MEGABYTE,
        policy=settings.spool_policy,
    )
