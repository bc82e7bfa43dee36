"""Google is told to ask for the devices anew, and of their states when they have changed."""

from collections.abc import Iterator
from dataclasses import dataclass

import structlog
from typing_extensions import override

from cloud.ports.state import StateStore
from mobile_api.voice.google_graph import HomeGraph, UnlinkedError
from mobile_api.voice.google_links import GoogleLinks, synced
from mobile_api.voice.google_states import device, reported
from mobile_api.voice.house import Aircon
from mobile_api.voice.outbound import ReportRefusedError
from mobile_api.voice.told import Ledger, Reporter, ToldDevice, Value, Vendor, changed, shape_of

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class GoogleReports(Reporter):
    """The reports of the accounts that are linked."""

    graph: HomeGraph
    links: GoogleLinks
    state: StateStore

    @property
    @override
    def vendor(self) -> Vendor:
        return "google"

    @override
    def account_ids(self) -> Iterator[str]:
        return self.links.account_ids()

    @override
    def session_id(self, account_id: str) -> str | None:
        return self.links.session_id(account_id)

    @override
    def forget(self, account_id: str) -> None:
        self.links.forget(account_id)

    @override
    def tell(self, account_id: str, airs: list[Aircon]) -> None:
        told = Ledger.read(self.state, account_id, self.vendor)
        try:
            self._tell_devices(told, airs)
            self._tell_states(told, airs)
        except UnlinkedError:
            log.info("google_link_ended")
            self.links.forget(account_id)
        except ReportRefusedError as error:
            log.warning("voice_report_refused", vendor="google", reason=str(error))

    def _tell_devices(self, told: Ledger, airs: list[Aircon]) -> None:
        """Devices that came, went, or are something else now."""
        shapes = {air.device_id: shape_of(device(air, reports=True)) for air in airs}
        if {device_id: each.shape for device_id, each in told.devices.items()} != shapes:
            self.graph.request_sync(told.account_id)
            told.note(synced(told, shapes))

    def _tell_states(self, told: Ledger, airs: list[Aircon]) -> None:
        now = {air.device_id: values_of(air) for air in airs}
        moved = {
            air.device_id: air for air in airs if _has_moved(told.devices[air.device_id], now[air.device_id])
        }
        if moved:
            self.graph.report_state(told.account_id, moved)
            told.note(
                {
                    device_id: told.devices[device_id].model_copy(update={"values": now[device_id]})
                    for device_id in moved
                }
            )


def values_of(air: Aircon) -> dict[str, Value]:
    """What Google is told of, by name."""
    return dict(reported(air))


def _has_moved(before: ToldDevice, now: dict[str, Value]) -> bool:
    """Whether something has changed; a value that is no longer known is a change too."""
    return bool(changed(before.values, now)) or not before.values.keys() <= now.keys()
