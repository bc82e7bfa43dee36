"""Alexa is told of devices that came or went, and of what has changed and who changed it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import structlog
from typing_extensions import override

from cloud.ports.state import StateStore
from edge.contract import ChangedBy
from mobile_api.voice.alexa_discovery import MAX_ENDPOINTS, endpoint
from mobile_api.voice.alexa_events import AlexaEvents, Cause, Delivery
from mobile_api.voice.alexa_messages import state_of
from mobile_api.voice.house import Aircon
from mobile_api.voice.outbound import ReportRefusedError
from mobile_api.voice.told import Ledger, Reporter, ToldDevice, Value, Vendor, changed, shape_of

CAUSE_OF: Final[Mapping[ChangedBy, Cause]] = {
    "remote": "PHYSICAL_INTERACTION",
    "app": "APP_INTERACTION",
    "voice": "VOICE_INTERACTION",
    "schedule": "RULE_TRIGGER",
    "advisor": "RULE_TRIGGER",
    "unknown": "PERIODIC_POLL",
}
"""Alexa's words for who changed what is set."""

_SET: Final = frozenset({"powerState", "thermostatMode", "targetSetpoint"})
"""What somebody sets; the rest is measured."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class _GrantOverError(Exception):
    """The person has taken the grant back."""


@dataclass(frozen=True, slots=True)
class AlexaReports(Reporter):
    """The reports of the accounts that have granted them."""

    events: AlexaEvents
    state: StateStore

    @property
    @override
    def vendor(self) -> Vendor:
        return "alexa"

    @override
    def account_ids(self) -> Iterator[str]:
        return self.events.grants.account_ids()

    @override
    def session_id(self, account_id: str) -> str | None:
        return self.events.grants.session_id(account_id)

    @override
    def forget(self, account_id: str) -> None:
        self.events.grants.forget(account_id)

    @override
    def tell(self, account_id: str, airs: list[Aircon]) -> None:
        airs = airs[:MAX_ENDPOINTS]
        told = Ledger.read(self.state, account_id, self.vendor)
        try:
            self._tell_gone(told, airs)
            self._tell_new(told, airs)
            for air in airs:
                self._tell_change(told, air)
        except _GrantOverError:
            log.info("alexa_grant_ended")

    def _tell_gone(self, told: Ledger, airs: list[Aircon]) -> None:
        gone = sorted(set(told.devices) - {air.device_id for air in airs})
        if gone:
            _deliver(lambda: self.events.tell_gone(told.account_id, gone))
            told.note(dict.fromkeys(gone))

    def _tell_new(self, told: Ledger, airs: list[Aircon]) -> None:
        """Devices that came, or that are something else now: by another name, with other modes."""
        shapes = {air.device_id: shape_of(endpoint(air, proactive=True)) for air in airs}
        known = {device_id: each.shape for device_id, each in told.devices.items()}
        new = [air for air in airs if known.get(air.device_id) != shapes[air.device_id]]
        if new:
            _deliver(lambda: self.events.tell_devices(told.account_id, new))
            told.note({air.device_id: _told(told, air, shapes[air.device_id]) for air in new})

    def _tell_change(self, told: Ledger, air: Aircon) -> None:
        before, now = told.devices[air.device_id], values_of(air)
        names = changed(before.values, now)
        if not names:
            return
        cause = cause_of(air, names)
        _deliver(lambda: self.events.tell_change(told.account_id, air, sorted(names), cause))
        moved = {name: now[name] for name in names}
        told.note({air.device_id: before.model_copy(update={"values": {**before.values, **moved}})})


def values_of(air: Aircon) -> dict[str, Value]:
    """What Alexa is told of, by property; of a silent device only that it is silent."""
    properties = {each["name"]: each["value"] for each in state_of(air)}
    names = properties if air.is_online else ["connectivity"]
    found = ((name, properties[name]) for name in names)
    return {name: value["value"] if isinstance(value, dict) else value for name, value in found}


def cause_of(air: Aircon, names: frozenset[str]) -> Cause:
    """Who changed properties of these names; what is only measured was looked up."""
    return CAUSE_OF[air.changed_by or "unknown"] if names & _SET else "PERIODIC_POLL"


def _told(told: Ledger, air: Aircon, shape: str) -> ToldDevice:
    """Alexa asks a new device for its state; of one that it knows, changes are still to be told."""
    known = told.devices.get(air.device_id)
    return ToldDevice(shape=shape, values=values_of(air) if known is None else known.values)


def _deliver(tell: Callable[[], Delivery]) -> None:
    """Tell; what the gateway refuses is left out: it would be refused again, and hold up the rest.

    Raises:
        _GrantOverError: Nothing more may be told.
    """
    try:
        if tell() == "no_grant":
            raise _GrantOverError
    except ReportRefusedError as error:
        log.warning("voice_report_refused", vendor="alexa", reason=str(error))
