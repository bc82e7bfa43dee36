"""Authorship: was it us? Whether new settings are what the gateway asked for, or a person's doing.

A device of another make names nobody, obeys step by step and rounds: `Order`. A native device may leave the
author out, and reports exactly what it was told: `attribute`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from edge.contract import ChangedBy, Desired
from edge.dialects.dialect import InForce
from edge.heard import Report
from edge.shadow_sync import SETTINGS, DeviceShadow, Settings

ANSWER_WITHIN: Final = timedelta(seconds=60)
"""By then a device has done what it was told; what it does later is somebody else's doing."""

SAME_WITHIN_K: Final = 0.75
"""Devices cut a setpoint to their own step, of up to one kelvin [K]."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a device was told.

    Attributes:
        desired: What it is to do.
        at: When it was told.
    """

    desired: Desired
    at: datetime

    def is_waiting(self, now: datetime) -> bool:
        """Whether the device may still be about to obey."""
        return now - self.at <= ANSWER_WITHIN

    def is_obeyed(self, now_in_force: InForce) -> bool:
        """Whether the device does all that it was told."""
        wish = now_in_force.with_wish(self.desired)
        return now_in_force.mode == wish.mode and _is_as_wished(self.desired, now_in_force)

    def explains(self, before: InForce, after: InForce) -> bool:
        """Whether all that has changed has become what was asked for: devices obey step by step."""
        wish = before.with_wish(self.desired)
        return (
            after.mode in (before.mode, wish.mode)
            and after.fan in (before.fan, wish.fan)
            and (after.setpoint_c == before.setpoint_c or is_same(after.setpoint_c, wish.setpoint_c))
        )

    @property
    def author(self) -> ChangedBy:
        """Who asked."""
        return self.desired.requested_by or "unknown"


def is_same(setpoint_c: float | None, other_c: float | None) -> bool:
    """Whether two setpoints are the same but for a device's step."""
    if setpoint_c is None or other_c is None:
        return setpoint_c is other_c
    return abs(setpoint_c - other_c) <= SAME_WITHIN_K


def attribute(shadow: DeviceShadow, report: Report) -> Report:
    """The report with its author: ours when the change is what we told the device, else a person's.

    A report that names its author, or changes nothing, stays as it is; so does the first one of all.
    """
    author = _author(shadow, report.reported)
    if author is None:
        return report
    document = json.loads(report.body)
    document["state"]["reported"]["changed_by"] = author
    body = json.dumps(document, separators=(",", ":")).encode()
    return replace(report, reported={**report.reported, "changed_by": author}, body=body)


def _is_as_wished(desired: Desired, in_force: InForce) -> bool:
    if desired.fan is not None and in_force.fan not in (None, desired.fan):
        return False
    if desired.setpoint_c is None or in_force.mode == "off":
        return True
    return is_same(in_force.setpoint_c, desired.setpoint_c)


def _author(shadow: DeviceShadow, reported: Mapping[str, Any]) -> ChangedBy | None:
    if reported.get("changed_by") not in (None, "unknown"):
        return None
    before = Settings.of(shadow.reported)
    changed = [name for name in SETTINGS if name in reported and reported[name] != getattr(before, name)]
    if not changed or before == Settings():
        return None
    granted = shadow.granted
    if granted is not None and all(reported[name] == getattr(granted, name) for name in changed):
        return granted.requested_by or "advisor"
    return "remote"
