"""The port of voice over memory, and devices in every state that one can be in."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, get_args

from hypothesis import strategies as st
from typing_extensions import override

from cloud.errors import NotFoundError, UnavailableError
from edge.contract import ChangedBy
from mobile_api.errors import ForbiddenError, StateConflictError, UnauthenticatedError
from mobile_api.recommendations import Reason, RecommendationView
from mobile_api.savings import SavingsView
from mobile_api.voice.house import Aircon, House, Outcome, Wanted

if TYPE_CHECKING:
    from cloud.ports.records import Autonomy
    from edge.contract import Mode

NOW = datetime(2026, 7, 14, 12, 0, tzinfo=UTC)
TOKEN = "good"


def advice_view(**changes: object) -> RecommendationView:
    return RecommendationView.model_validate(
        {
            "advice_id": "a-1",
            "device_id": "dev-1",
            "setpoint_c": 25.5,
            "mode": "cool",
            "fan": None,
            "valid_until": NOW + timedelta(hours=2),
            "expected_saving_kwh": 1.1,
            "saving_interval_kwh": (0.7, 1.5),
            "expected_saving_money": 0.33,
            "saving_interval_money": (0.21, 0.45),
            "currency": "EUR",
            "notice_probability": 0.04,
            "reason": "Nobody has minded.",
            "counterfactual": {
                "habit_setpoint_c": 24.0,
                "habit_kwh": 5.0,
                "advised_kwh": 3.9,
                "until": NOW + timedelta(hours=8),
            },
            "status": "offered",
            **changes,
        }
    )


def aircon(**changes: Any) -> Aircon:  # noqa: ANN401 (fields of any type)
    known = Aircon(
        device_id="dev-1",
        name="Bedroom",
        now=NOW,
        is_online=True,
        sampled_at=NOW - timedelta(minutes=2),
        mode="cool",
        setpoint_c=24.0,
        resting_setpoint_c=24.0,
        fan="low",
        indoor_c=24.6,
        indoor_rh_pct=51.0,
    )
    return replace(known, **changes)


def savings_view(**changes: object) -> SavingsView:
    return SavingsView.model_validate(
        {
            "device_id": "dev-1",
            "period": "28d",
            "status": "not_enough_days",
            "detail": "not enough days yet (15 of about 28)",
            "days": 15,
            "advised_days": 12,
            "measuring_days": 3,
            "days_needed": 28,
            **changes,
        }
    )


@dataclass(slots=True)
class MemoryHouse(House):
    """A house that does what it is asked, or answers with `outcome` or `fault`."""

    airs: list[Aircon] = field(default_factory=lambda: [aircon()])
    outcome: Outcome = "confirmed"
    fault: Exception | None = None
    saved: SavingsView = field(default_factory=savings_view)
    asked: list[tuple[str, Wanted]] = field(default_factory=list[tuple[str, Wanted]])
    accepted: list[str] = field(default_factory=list[str])
    felt: list[Reason] = field(default_factory=list[Reason])

    @property
    @override
    def account_id(self) -> str:
        return "acc-1"

    @property
    @override
    def session_id(self) -> str:
        return "s-1"

    @override
    def aircons(self) -> list[Aircon]:
        if self.fault is not None:
            raise self.fault
        return self.airs

    @override
    def aircon(self, device_id: str) -> Aircon:
        found = next((air for air in self.aircons() if air.device_id == device_id), None)
        if found is None:
            raise NotFoundError("device", device_id)
        return found

    @override
    def command(self, device_id: str, wanted: Wanted) -> Outcome:
        before = self.aircon(device_id)
        self.asked.append((device_id, wanted))
        if self.outcome == "confirmed":
            asked = {"mode": wanted.mode, "setpoint_c": wanted.setpoint_c, "fan": wanted.fan}
            changes: dict[str, Any] = {key: value for key, value in asked.items() if value is not None}
            self.airs = [replace(each, **changes) if each is before else each for each in self.airs]
        return self.outcome

    @override
    def accept(self, device_id: str, advice_id: str) -> Outcome:
        before = self.aircon(device_id)
        if before.autonomy == "observe":
            raise StateConflictError("autonomy is `observe`")
        self.accepted.append(advice_id)
        if self.outcome == "confirmed" and before.advice is not None:
            done = replace(before, follows_advice=True, setpoint_c=before.advice.setpoint_c)
            self.airs = [done if each is before else each for each in self.airs]
        return self.outcome

    @override
    def feel(self, device_id: str, kind: Reason) -> None:
        self.aircon(device_id)
        self.felt.append(kind)

    @override
    def savings(self, device_id: str) -> SavingsView:
        self.aircon(device_id)
        return self.saved

    def open(self, token: str) -> House:
        if token != TOKEN:
            raise UnauthenticatedError("the access token is invalid or has expired")
        return self


def _maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


HEAT_ONLY: "frozenset[Mode]" = frozenset({"off", "heat"})
MODES: "st.SearchStrategy[Mode]" = st.sampled_from(("off", "cool", "heat", "dry", "fan", "auto"))
FANS = st.sampled_from(["auto", "low", "medium", "high"])
IDS = st.from_regex(r"\A[A-Za-z0-9:_-]{1,128}\Z")


AGES = st.floats(0, 1e6).map(lambda s: timedelta(seconds=s))
SETPOINTS = _maybe(st.floats(5, 35))
INDOOR = _maybe(st.floats(-40, 60))
HUMIDITY = _maybe(st.floats(0, 100))
AUTHORS = _maybe(st.sampled_from(get_args(ChangedBy)))
ADVICE = _maybe(st.builds(advice_view, status=st.sampled_from(["offered", "expired"])))
MAYBE_MODE, MAYBE_FAN = _maybe(MODES), _maybe(FANS)
ABILITIES = st.frozensets(MODES) | st.just(HEAT_ONLY)
NAMES = st.text(max_size=200)
ZONES = st.sampled_from(["Europe/Rome", "America/Los_Angeles", "UTC"])
AUTONOMY: "st.SearchStrategy[Autonomy]" = st.sampled_from(["observe", "suggest", "one_tap", "auto"])
INTERVALS = st.floats(1, 3600)
"""Made once, not in each draw: that takes longer than to draw from them."""


@st.composite
def aircons(draw: st.DrawFn) -> Aircon:
    """A device in any state: off, silent, never heard, without sensors, heat only, unnamed..."""
    heard = draw(st.booleans())
    mode = draw(MAYBE_MODE) if heard else None
    has_setpoint = mode in {"cool", "heat", "auto"}
    return Aircon(
        device_id=draw(IDS),
        name=draw(NAMES),
        now=NOW,
        timezone=draw(ZONES),
        is_online=heard and draw(st.booleans()),
        sampled_at=NOW - draw(AGES) if heard else None,
        interval_s=draw(INTERVALS),
        mode=mode,
        setpoint_c=draw(SETPOINTS) if has_setpoint else None,
        resting_setpoint_c=draw(SETPOINTS),
        fan=draw(MAYBE_FAN) if heard else None,
        indoor_c=draw(INDOOR) if heard else None,
        indoor_rh_pct=draw(HUMIDITY) if heard else None,
        changed_by=draw(AUTHORS) if heard else None,
        follows_advice=heard and draw(st.booleans()),
        autonomy=draw(AUTONOMY),
        advice=draw(ADVICE),
        modes=draw(ABILITIES),
    )


FAULTS = st.sampled_from(
    [
        *(None,) * 12,
        ForbiddenError("the token lacks the scope"),
        UnavailableError("the store does not answer"),
        NotFoundError("device", "dev-1"),
    ]
)


@st.composite
def houses(draw: st.DrawFn) -> MemoryHouse:
    airs = draw(st.lists(aircons(), max_size=4, unique_by=lambda air: air.device_id))
    outcome: Outcome = draw(st.sampled_from(["confirmed", "confirmed", "sent", "rejected"]))
    return MemoryHouse(airs, outcome, draw(FAULTS))
