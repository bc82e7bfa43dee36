"""One piece of advice such as people get, for benches and tests of what shows it."""

from datetime import datetime, timedelta

from cloud.ports.records import AdviceRecord, Counterfactual

_COUNTED: timedelta = timedelta(hours=8)
"""Over so long its saving is counted."""


def sample_advice(advice_id: str, device_id: str, now: datetime, good_for: timedelta) -> AdviceRecord:
    """25.5 °C until `now` + `good_for`, instead of 24 °C."""
    return AdviceRecord(
        advice_id=advice_id,
        device_id=device_id,
        setpoint_c=25.5,
        mode="cool",
        fan=None,
        made_at=now,
        valid_until=now + good_for,
        expected_saving_kwh=1.1,
        saving_interval_kwh=(0.7, 1.5),
        expected_saving_money=0.33,
        saving_interval_money=(0.21, 0.45),
        currency="EUR",
        notice_probability=0.04,
        reason="Nobody has minded 25.5 °C in the afternoon.",
        counterfactual=Counterfactual(
            habit_setpoint_c=24.0, habit_kwh=5.0, advised_kwh=3.9, until=now + _COUNTED
        ),
        status="offered",
        champion="v1",
    )
