"""Advice as it is stored: `Advice` from the advisor becomes the records that the API shows."""

import hashlib
from datetime import datetime

from cloud.advice import Advice, PlanStep
from cloud.ports.records import AdviceRecord, AdviceStatus, Counterfactual, PlanRecord, PlanStepRecord
from edge.contract import DeviceId, Fan, Mode
from edge.contract.quantities import MODES_WITH_SETPOINT


def identity(kind: str, *facts: object) -> str:
    """An id that the same facts always give, so that a round that is repeated changes nothing."""
    digest = hashlib.blake2b("\n".join(map(str, facts)).encode(), digest_size=12).hexdigest()
    return f"{kind}-{digest}"


def asks(advice: Advice | AdviceRecord) -> tuple[float | None, Mode, Fan | None]:
    """What an advice asks for; the same request keeps its `advice_id`."""
    return advice.setpoint_c, mode_of(advice), advice.fan


def mode_of(advice: Advice | AdviceRecord) -> Mode:
    """The mode that is asked for; where a setpoint belongs to it, none means off."""
    return "off" if advice.setpoint_c is None and advice.mode in MODES_WITH_SETPOINT else advice.mode


def advice_record(
    advice: Advice, advice_id: str, device_id: DeviceId, at: datetime, status: AdviceStatus, champion: str
) -> AdviceRecord:
    """The record of `advice`, made at `at` by `champion`."""
    without = advice.counterfactual
    return AdviceRecord(
        advice_id=advice_id,
        device_id=device_id,
        setpoint_c=advice.setpoint_c,
        mode=mode_of(advice),
        fan=advice.fan,
        made_at=at,
        valid_until=advice.valid_until,
        expected_saving_kwh=advice.expected_saving_kwh,
        saving_interval_kwh=advice.saving_interval_kwh,
        expected_saving_money=advice.expected_saving_money,
        saving_interval_money=advice.saving_interval_money,
        currency=advice.currency,
        notice_probability=advice.notice_probability,
        reason=advice.reason,
        counterfactual=Counterfactual(
            habit_setpoint_c=without.habit_setpoint_c,
            habit_kwh=without.habit_kwh,
            advised_kwh=without.advised_kwh,
            until=without.until,
        ),
        status=status,
        champion=champion,
    )


def plan_record(advice: Advice, advice_id: str, at: datetime) -> PlanRecord:
    """The plan as a staircase: steps that change nothing are left out, since a step holds until the next."""
    kept: list[PlanStep] = []
    for step in advice.plan:
        if not kept or (step.setpoint_c, step.mode) != (kept[-1].setpoint_c, kept[-1].mode):
            kept.append(step)
    steps = tuple(PlanStepRecord(at=step.at, setpoint_c=step.setpoint_c, mode=step.mode) for step in kept)
    return PlanRecord(advice_id=advice_id, made_at=at, steps=steps)
