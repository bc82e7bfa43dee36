"""Recommendations: the advice that the advisor stored, and what people answer to it.

The API reads advice and appends to the inbox; the advisor alone writes advice. Until it has done so, a
person's answer is remembered beside the advice, so that what was pressed is seen at once.
"""

from datetime import datetime, timedelta
from functools import partial
from typing import Final, Literal, TypeAlias

from pydantic import AwareDatetime, Field

from cloud.errors import NotReadyError
from cloud.ports.records import AdviceRecord, AdviceStatus, FeedbackKind, PlanRecord, device_pk
from cloud.ports.state import Put
from edge.contract import DeviceId, Fan, Mode, RequestedBy
from mobile_api.access import OwnedAdvice, OwnedDevice, stored_advice
from mobile_api.errors import StateConflictError
from mobile_api.inbox import append, feedback_entry
from mobile_api.kept import Kept
from mobile_api.operations import Body, Operations, Shown
from mobile_api.preferences import preferences
from mobile_api.records import DecisionRecord
from mobile_api.services import services
from mobile_api.stored import record_of

Verdict: TypeAlias = Literal["accept", "dismiss", "undo"]
Reason: TypeAlias = Literal["too_hot", "a_bit_warm", "a_bit_cool", "too_cold", "not_home"]

KIND_OF: dict[Verdict, Literal["accepted", "dismissed", "undone"]] = {
    "accept": "accepted",
    "dismiss": "dismissed",
    "undo": "undone",
}
"""A verdict, and the feedback and the status that it means."""

DECISION_RETENTION = timedelta(days=1)
"""An answer that the advisor has not taken up by then is no longer shown (wall clock)."""

operations = Operations("recommendations")

_views: Final = Kept[tuple[str, AdviceStatus], "RecommendationView"]()
"""Views, by the advice as it is stored and its status of now."""


class CounterfactualView(Shown):
    """The same hours without and with the advice."""

    habit_setpoint_c: float | None
    habit_kwh: float
    advised_kwh: float
    until: AwareDatetime


class RecommendationView(Shown):
    """What to do now, and what it is expected to bring."""

    advice_id: str = Field(description="Changes only when setpoint, mode or fan does.")
    device_id: DeviceId
    setpoint_c: float | None = Field(description="Null means off.")
    mode: Mode
    fan: Fan | None
    valid_until: AwareDatetime
    expected_saving_kwh: float
    saving_interval_kwh: tuple[float, float]
    expected_saving_money: float
    saving_interval_money: tuple[float, float]
    currency: str
    notice_probability: float
    reason: str
    counterfactual: CounterfactualView
    status: AdviceStatus


class PlanStep(Shown):
    """From `at` on, hold `setpoint_c` (null: off)."""

    at: AwareDatetime
    setpoint_c: float | None
    mode: Mode


class PlanView(Shown):
    """The next hours, step by step."""

    device_id: DeviceId
    advice_id: str
    made_at: AwareDatetime
    steps: list[PlanStep]


class VerdictBody(Body):
    """Why, if they want to say it."""

    reason: Reason | None = None


class FeedbackBody(Body):
    """How it feels."""

    kind: Reason


class FeedbackView(Shown):
    """What was heard."""

    device_id: DeviceId
    kind: Reason
    at: AwareDatetime


@operations.get("/v1/devices/<device_id>/recommendation", beside=("advice", "decision"))
def show_recommendation(device: OwnedDevice) -> RecommendationView:
    """The advice for a device; 503 before the first one."""
    advice = stored_advice(device)
    if advice is None:
        raise NotReadyError("no advice yet: the device has not reported for long enough")
    return view(advice)


@operations.get("/v1/devices/<device_id>/plan")
def show_plan(device: OwnedDevice) -> PlanView:
    """What is planned for the next 24 h; 503 before the first plan."""
    device_id = device.record.device_id
    item = services().state.get(device_pk(device_id), "plan")
    if item is None:
        raise NotReadyError("no plan yet")
    plan = PlanRecord.model_validate(item.body)
    steps = [PlanStep(**step.model_dump()) for step in plan.steps]
    return PlanView(device_id=device_id, advice_id=plan.advice_id, made_at=plan.made_at, steps=steps)


@operations.post(
    "/v1/recommendations/<advice_id>/<any(accept, dismiss, undo):verdict>", scope="advise", errors=(409,)
)
def answer_recommendation(
    advice: OwnedAdvice, verdict: Verdict, body: VerdictBody | None
) -> RecommendationView:
    """Accept, dismiss or undo advice; it is carried out by the advisor within seconds.

    409 when the advice has expired, and for `accept` with autonomy `observe`; 404 when it was replaced.
    """
    return decide(advice, verdict, None if body is None else body.reason)


@operations.post("/v1/devices/<device_id>/feedback", status=202, scope="advise")
def give_feedback(device: OwnedDevice, body: FeedbackBody) -> FeedbackView:
    """Say how it feels, at any time."""
    return feel(device, body.kind)


def decide(
    advice: OwnedAdvice, verdict: Verdict, reason: Reason | None, requested_by: RequestedBy = "app"
) -> RecommendationView:
    """Leave an answer for the advisor and show it at once; the same answer twice is left once.

    Raises:
        StateConflictError: The advice has expired, or is only to be looked at.
    """
    shown = view(advice)
    if shown.status == "expired":
        raise StateConflictError("the advice has expired")
    if verdict == "accept" and preferences(advice.device).autonomy == "observe":
        raise StateConflictError("autonomy is `observe`: nothing is carried out; choose `suggest` first")
    kind = KIND_OF[verdict]
    if shown.status == kind or (shown.status, verdict) == ("applied", "accept"):
        return shown
    use, record = services(), advice.record
    at = use.device_now(record.device_id)
    said: list[FeedbackKind] = [kind] if reason is None else [kind, reason]
    entry = partial(feedback_entry, device_id=record.device_id, at=at, requested_by=requested_by)
    decision = DecisionRecord(advice_id=record.advice_id, advice_version=advice.version, status=kind)
    pk, gone = device_pk(record.device_id), use.now() + DECISION_RETENTION
    use.state.transact(
        [
            *(append(entry(use.entry_ids.next(), kind=word, advice_id=record.advice_id)) for word in said),
            Put(pk, "decision", decision.model_dump(mode="json"), expires_at=gone),
        ]
    )
    return shown.model_copy(update={"status": kind})


def feel(device: OwnedDevice, kind: Reason, requested_by: RequestedBy = "app") -> FeedbackView:
    """Leave word for the advisor of how it feels."""
    use, device_id = services(), device.record.device_id
    at = use.device_now(device_id)
    entry = feedback_entry(use.entry_ids.next(), device_id, at, kind, None, requested_by=requested_by)
    use.state.transact([append(entry)])
    return FeedbackView(device_id=device_id, kind=kind, at=at)


def view(advice: OwnedAdvice) -> RecommendationView:
    """The advice with its status of now."""
    now = services().device_now(advice.record.device_id)
    key = (advice.text, status(advice, now))
    return _views.get(key) or _views.put(key, _view(advice.record, key[1]))


def _view(record: AdviceRecord, current: AdviceStatus) -> RecommendationView:
    shown = RecommendationView.model_validate(record, from_attributes=True)
    return shown if shown.status == current else shown.model_copy(update={"status": current})


def status(advice: OwnedAdvice, now: datetime) -> AdviceStatus:
    """The stored status, unless a person has answered since or its time is over."""
    record = advice.record
    item = services().state.get(device_pk(record.device_id), "decision")
    decision = None if item is None else record_of(DecisionRecord, item)
    answered = None if decision is None else (decision.advice_id, decision.advice_version)
    if decision is not None and answered == (record.advice_id, advice.version):
        return decision.status
    if record.status == "offered" and record.valid_until <= now:
        return "expired"
    return record.status
