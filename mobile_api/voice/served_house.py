"""The port of voice over the API's own services: the look-ups, rights and commands that every route has."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from typing_extensions import override

from cloud.errors import NotFoundError
from cloud.ports.records import DeviceRecord
from edge.contract import Mode, Telemetry
from edge.contract.quantities import MODES_WITH_SETPOINT
from mobile_api.access import (
    OwnedDevice,
    Principal,
    owned_advice,
    owned_device,
    owned_devices,
    principal_of,
    stored_advice,
)
from mobile_api.commands import CommandBody, Progress, ask, follow
from mobile_api.errors import ForbiddenError
from mobile_api.live_views import health
from mobile_api.preferences import preferences
from mobile_api.recommendations import Reason, decide, feel, view
from mobile_api.records import Scope
from mobile_api.savings import SavingsView, savings
from mobile_api.services import services
from mobile_api.voice.house import EVERY_MODE, Aircon, House, Outcome, Wanted
from mobile_api.voice.patience import Deadline

LOOK_BACK = timedelta(days=1)
"""So far back it is looked for the setpoint that a device last held."""

_OUTCOME_OF: dict[Progress, Outcome] = {
    "queued": "sent",
    "sent": "sent",
    "confirmed": "confirmed",
    "rejected": "rejected",
    "expired": "rejected",
}


@dataclass(frozen=True, slots=True)
class ServedHouse(House):
    """The homes of the principal of a request, within its deadline."""

    principal: Principal
    deadline: Deadline

    @property
    @override
    def account_id(self) -> str:
        return self.principal.account_id

    @property
    @override
    def session_id(self) -> str:
        return self.principal.session.session_id

    @override
    def aircons(self) -> list[Aircon]:
        self._require("read")
        return [_aircon(device) for device in owned_devices(self.principal)]

    @override
    def aircon(self, device_id: str) -> Aircon:
        self._require("read")
        return _aircon(owned_device(self.principal.by("see"), device_id))

    @override
    def command(self, device_id: str, wanted: Wanted) -> Outcome:
        self._require("control")
        device = owned_device(self.principal.by("control"), device_id)
        body = CommandBody(mode=wanted.mode, setpoint_c=wanted.setpoint_c, fan=wanted.fan, until=wanted.until)
        command_id = ask(device, body, "voice").command_id
        return self.deadline.await_outcome(lambda: _OUTCOME_OF[follow(device, command_id).status])

    @override
    def accept(self, device_id: str, advice_id: str) -> Outcome:
        self._require("advise")
        advice = owned_advice(self.principal.by("advise"), advice_id)
        if advice.device.record.device_id != device_id:
            raise NotFoundError("recommendation", advice_id)
        decide(advice, "accept", None, "voice")
        return self.deadline.await_outcome(lambda: _follows(advice.device, advice_id))

    @override
    def feel(self, device_id: str, kind: Reason) -> None:
        self._require("advise")
        feel(owned_device(self.principal.by("advise"), device_id), kind, "voice")

    @override
    def savings(self, device_id: str) -> SavingsView:
        self._require("read")
        return savings(owned_device(self.principal.by("review"), device_id), "28d")

    def _require(self, scope: Scope) -> None:
        if scope not in self.principal.scopes:
            raise ForbiddenError(f"the token lacks the scope {scope!r}")


def open_house(token: str, deadline: Deadline) -> ServedHouse:
    """The homes that an access token opens; counted like every request of its account.

    Raises:
        UnauthenticatedError: It opens none.
        RateLimitedError: The account asks too often.
    """
    principal = principal_of(token)
    services().limits.admit_account(principal.account_id)
    return ServedHouse(principal, deadline)


def _aircon(device: OwnedDevice) -> Aircon:
    record, use = device.record, services()
    now, newest = use.device_now(record.device_id), use.readings.latest(record.device_id)
    advice = stored_advice(device)
    known = Aircon(
        device_id=record.device_id,
        name=record.name,
        now=now,
        timezone=device.home.record.timezone,
        resting_setpoint_c=_resting_setpoint_c(device, newest, now),
        autonomy=preferences(device).autonomy,
        advice=None if advice is None else view(advice),
        modes=_modes(record, newest),
    )
    return known if newest is None else _heard(known, newest, is_online=health(device).status == "online")


def _heard(known: Aircon, newest: Telemetry, *, is_online: bool) -> Aircon:
    return replace(
        known,
        is_online=is_online,
        sampled_at=newest.sampled_at,
        interval_s=newest.interval_s,
        mode=newest.mode,
        setpoint_c=newest.setpoint_c if newest.mode in MODES_WITH_SETPOINT else None,
        fan=newest.fan,
        indoor_c=newest.indoor_dry_bulb_c,
        indoor_rh_pct=newest.indoor_rh_pct,
        changed_by=newest.changed_by,
        follows_advice=newest.advice_id is not None,
    )


def _modes(record: DeviceRecord, newest: Telemetry | None) -> frozenset[Mode]:
    """What it is said to be able to do, and what it does: it can do that, whatever was said."""
    if record.modes is None:
        return EVERY_MODE
    seen: tuple[Mode, ...] = () if newest is None else (newest.mode,)
    return frozenset({"off", *record.modes, *seen})


def _resting_setpoint_c(device: OwnedDevice, newest: Telemetry | None, now: datetime) -> float | None:
    """What it held last; else its habit, if its people have said one."""
    if newest is not None and newest.setpoint_c is not None:
        return newest.setpoint_c
    past = services().readings.between(device.record.device_id, now - LOOK_BACK, now)
    held = [reading.setpoint_c for reading in past if reading.setpoint_c is not None]
    return held[-1] if held else device.record.habit_setpoint_c


def _follows(device: OwnedDevice, advice_id: str) -> Outcome:
    """Whether the device reports the advice, or the advisor has seen that it does."""
    newest = services().readings.latest(device.record.device_id)
    if newest is not None and newest.advice_id == advice_id:
        return "confirmed"
    stored = stored_advice(device)
    if stored is None or stored.record.advice_id != advice_id:
        return "sent"
    return "confirmed" if stored.record.status == "applied" else "sent"
