"""The stack: broker, edge, cloud and API of one machine, joined by their settings."""

import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import structlog

from cloud import admission
from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.claims import ClaimDesk
from cloud.config import CloudSettings
from cloud.errors import CloudError
from cloud.ports.records import DeviceRecord
from cloud.site_devices import site_devices
from edge.contract import Mode, SiteDevice
from infra.local.broker import Broker, BrokerSettings, free_ports, store_of
from infra.local.edge_settings import edge_settings, write_devices
from infra.local.errors import LocalError
from infra.local.found_devices import let_in
from infra.local.identities import GATEWAY_ID, IdentityFile
from infra.local.preflight import Port, require_data_directory, require_free_port
from infra.local.run_folder import RunFolder
from infra.local.shut_out import ShutOut
from infra.local.stack_settings import StackSettings
from infra.local.supervisor import Supervisor, Worker

WISHES_EVERY_S = 2.0
"""How long a consent, or a schedule, may take to reach the gateway [s]; as long as to reach ingest."""

log = structlog.get_logger()


class Stack:
    """The stack of one data directory, stopped until `start`."""

    def __init__(self, settings: StackSettings, environment: Mapping[str, str]) -> None:
        require_data_directory(settings.data_dir)
        self.settings = settings
        self.identities = IdentityFile(settings.data_dir / "identities.json")
        self.state = SqliteStateStore(settings.data_dir / "state.sqlite")
        client_port, monitor_port = free_ports(2)
        ports = settings.mqtt_port, client_port, monitor_port
        most = CloudSettings(data_dir=settings.data_dir).disk_budget_broker_bytes
        broker = BrokerSettings(settings.data_dir / "broker", *ports, max_store_bytes=most)
        self.broker = Broker(broker, self.identities.all())
        self.run = RunFolder(settings.data_dir)
        self.supervisor = Supervisor((self.broker, *self._workers(environment)), self.run)
        self.supervisor.on_look = self._follow_identities
        self.shut_out = ShutOut(self.state, self.identities)
        self._let_in_stamp: object = None
        self._behind: tuple[str, ...] = ()
        self._site: list[SiteDevice] | None = None
        self._look_at_wishes_s = 0.0
        self._complained = False

    def start(self) -> None:
        """End what a crash has left running here, then start everything.

        Raises:
            LocalError: Another one runs here, a port is taken, or something does not come up.
        """
        self.run.claim()
        try:
            require_free_port(Port(self.settings.web_port, "web page and API", "--web-port"))
            require_free_port(Port(self.settings.mqtt_port, "MQTT", "--mqtt-port"))
            self._let_in()
            self.supervisor.start()
        except LocalError:
            self.run.release()
            raise

    def stop(self) -> None:
        """Stop everything; a stopped stack starts again where it was."""
        self.supervisor.stop()
        self.run.release()

    def register(
        self,
        device_ids: Iterable[str],
        *,
        behind_gateway: bool,
        sources: tuple[str, ...] = (),
        modes: tuple[Mode, ...] | None = None,
    ) -> dict[str, str]:
        """Let devices in and return a claim code for each; works before and while the stack runs.

        A stack that runs takes them in within a second, whichever process has called this. `modes` is what
        they can do; None: not known, or as it was said before.

        Raises:
            DeviceNameError: One is no device id, or is known as somebody else.
        """
        wanted = tuple(device_ids)
        self.shut_out.settle(self.shut_out.take_away())
        self.identities.require_admissible(wanted, behind_gateway=behind_gateway)
        gateway_id = GATEWAY_ID if behind_gateway else None
        codes = {
            device_id: self._add_claim(DeviceRecord(device_id=device_id, gateway_id=gateway_id, modes=modes))
            for device_id in wanted
        }  # first: what a stranger says would be a dead letter
        self.identities.add_devices(wanted, behind_gateway=behind_gateway, sources=sources)
        return codes

    def _follow_identities(self) -> None:
        """Shut out what people have deleted, and let in who is new."""
        try:
            deleted = self.shut_out.take_away()
        except (CloudError, OSError) as error:  # tried again at the next look
            log.warning("deleted_devices_not_shut_out", reason=str(error))
            deleted = []
        self._let_in()
        if deleted and self._let_in_stamp == self.identities.stamp():
            self.shut_out.settle(deleted)

    def _let_in(self) -> None:
        """Tell gateway and broker who may connect, and the gateway what their people wish, if it has changed.

        The gateway is told first: a device may speak as soon as the broker lets it in.
        """
        try:
            stamp = self.identities.stamp()
            is_new = stamp != self._let_in_stamp
            if is_new:
                self._behind = self.identities.require(GATEWAY_ID).devices
            if is_new or time.monotonic() >= self._look_at_wishes_s:
                self._tell_gateway()
            if is_new:
                self.broker.reload(self.identities.all())
            self._let_in_stamp, self._complained = stamp, False
        except (CloudError, OSError) as error:  # tried again at the next look
            if not self._complained:
                log.warning("identities_not_followed", reason=str(error))
            self._complained = True

    def _tell_gateway(self) -> None:
        self._look_at_wishes_s = time.monotonic() + WISHES_EVERY_S
        let_in(self.state, self.identities, self._behind)
        sources = {each.name: each.sources for each in self.identities.all() if each.sources}
        site = site_devices(self.state, self._behind, sources)
        if site != self._site:
            write_devices(self.settings.data_dir, site)
            self._site = site

    def _add_claim(self, device: DeviceRecord) -> str:
        admission.admit(self.state, device)
        return ClaimDesk(self.state, lambda: datetime.now(UTC)).show(device.device_id, "device").code or ""

    def _workers(self, environment: Mapping[str, str]) -> Iterable[Worker]:
        for name in ("ingest", "shadow", "advisor"):
            yield self._worker(name, ("cloud", name), {**environment, **self._cloud(name)})
        edge = edge_settings(self.settings, self.identities)
        yield self._worker("edge", ("edge",), {**environment, **edge})
        yield self._worker("api", ("mobile_api",), {**environment, **self._api()})
        if self.settings.trains:
            data_dir = str(self.settings.data_dir)
            yield self._worker("trainer", ("infra.local.trainer", data_dir), environment)

    def _api(self) -> dict[str, str]:
        return {
            "API_DATA_DIR": str(self.settings.data_dir),
            "API_PORT": str(self.settings.web_port),
            "API_CLOCK": self.settings.clock,
        }

    def _cloud(self, role: str) -> dict[str, str]:
        identity = self.identities.require(role)
        return {
            "CLOUD_DATA_DIR": str(self.settings.data_dir),
            "CLOUD_MQTT_PORT": str(self.settings.mqtt_port),
            "CLOUD_MQTT_USERNAME": identity.name,
            "CLOUD_MQTT_PASSWORD": identity.password,
            "CLOUD_CLOCK": self.settings.clock,
            "CLOUD_DECISION_INTERVAL_S": str(self.settings.decision_interval_s),
            "CLOUD_WEATHER": self.settings.weather,
            "CLOUD_BROKER_DIR": str(store_of(self.settings.data_dir / "broker", "cloud")),
        }

    def _worker(self, name: str, module: tuple[str, ...], environment: Mapping[str, str]) -> Worker:
        data_dir = self.settings.data_dir
        ready = (data_dir / "edge" if name == "edge" else data_dir) / "run" / f"{name}.ready"
        return Worker(name, module, environment, ready, data_dir / "log" / f"{name}.log")


def admit(
    data_dir: Path,
    device_id: str,
    *,
    behind_gateway: bool,
    sources: tuple[str, ...] = (),
    modes: tuple[Mode, ...] | None = None,
) -> dict[str, str]:
    """Let a device into the stack of `data_dir`, whether it runs or not.

    Raises:
        DeviceNameError: It is no device id, or is known as somebody else.
    """
    stack = Stack(StackSettings(data_dir), {})
    codes = stack.register([device_id], behind_gateway=behind_gateway, sources=sources, modes=modes)
    return {
        "username": device_id,
        "password": stack.identities.require(device_id).password,
        "claim_code": codes[device_id],
    }
