"""What a device makes of a shadow delta."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from device_sim.wire.dialects.native import merge_delta
from device_sim.wire.publisher import Credentials
from edge.contract import Reported

KNOWN = Reported(
    setpoint_c=24.0, mode="cool", fan="auto", changed_by="advisor", advice_id="a-1", command_id="c-1"
)


def test_fields_outside_the_delta_are_as_reported() -> None:
    desired = merge_delta(KNOWN, {"setpoint_c": 26.0, "command_id": "c-2", "requested_by": "advisor"})

    assert (desired.setpoint_c, desired.mode, desired.fan) == (26.0, "cool", "auto")
    assert (desired.command_id, desired.advice_id) == ("c-2", "a-1")


def test_an_end_is_only_what_the_delta_says() -> None:
    delta = {"setpoint_c": 26, "requested_by": "advisor"}

    assert merge_delta(KNOWN, delta).expires_at is None
    assert merge_delta(KNOWN, delta | {"expires_at": "2025-07-01T12:00:00Z"}).expires_at == datetime(
        2025, 7, 1, 12, tzinfo=UTC
    )


def test_a_persons_command_carries_no_old_advice() -> None:
    assert merge_delta(KNOWN, {"setpoint_c": 23.0, "requested_by": "app"}).advice_id is None


def test_off_needs_no_setpoint() -> None:
    assert merge_delta(KNOWN, {"mode": "off", "requested_by": "advisor"}).setpoint_c is None


@pytest.mark.parametrize("delta", [{"setpoint_c": 99}, {"setpoint_c": "24"}, {"mode": "melt"}])
def test_a_delta_outside_the_contract_is_refused(delta: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        merge_delta(KNOWN, delta)


def test_credentials_do_not_show_the_password() -> None:
    assert "secret" not in repr(Credentials("ac-1", "secret"))
