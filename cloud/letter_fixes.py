"""What a dead letter's reason means: what the wire contract says there, and what would repair it."""

import re
from dataclasses import dataclass
from typing import Any, Final

from cloud.ports.telemetry import DeadLetter
from edge.contract import MAX_PAYLOAD_BYTES, MAX_READINGS_PER_MESSAGE, Event, Telemetry

_REPAIR_SENDER: Final = (
    "repair the sender (its firmware, or the mapping of its gateway) and let it send again; a replay helps "
    "only after a change of the contract"
)
_ONLY_ITSELF: Final = (
    "let the device publish under its own login and id, or behind its gateway; nobody may speak for it, so a "
    "replay will not help"
)
_OWN_TOPICS: Final = "a device publishes on its own topics only; a gateway in `dt/ac/<gateway_id>/batch`"
_PLAUSIBLE: Final = (
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "enum",
    "const",
    "pattern",
    "minLength",
    "maxLength",
)
_FIXES: Final = (
    (
        r"unknown device: it was deleted",
        "nothing is kept of a device that its people have deleted, so there is nothing to replay",
        "`ac-advisor devices add {device_id}`, if it shall be heard again from then on; else switch it off",
    ),
    (
        r"unknown device",
        "a reading is taken from registered devices only",
        "`ac-advisor devices add {device_id}` (with --behind-gateway on the site), then `deadletters replay`",
    ),
    (
        r"not registered behind gateway",
        "a gateway speaks for the devices that are registered behind it",
        "PUT /v1/gateways/{principal}/devices/{device_id} of its home, then `deadletters replay`",
    ),
    (
        r"device_id: '.*' is not the publisher",
        _OWN_TOPICS,
        _ONLY_ITSELF,
    ),
    (
        r"payload of \d+ bytes",
        f"a message has at most {MAX_PAYLOAD_BYTES} bytes",
        "send fewer readings in a message",
    ),
    (
        r"\d+ readings in one message",
        f"an array has at most {MAX_READINGS_PER_MESSAGE} readings",
        "send fewer readings in a message",
    ),
    (r"(not JSON|Invalid JSON)", "a message is one JSON object, or an array of them", _REPAIR_SENDER),
    (r"seq: larger than", "`seq` fits 64 bits", "let the device count from 0 again"),
    (
        r"setpoint_c is required",
        "`setpoint_c` is required in the modes cool, heat and auto",
        _REPAIR_SENDER,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a person needs to repair what was refused.

    Attributes:
        field: The field at fault; empty when it is the message as a whole, or who sent it.
        contract: What the wire contract says there.
        fix: What to do.
    """

    field: str
    contract: str
    fix: str


def meaning_of(letter: DeadLetter, device_id: str = "") -> Meaning:
    """The meaning of a letter's reason.

    Args:
        letter: What was refused.
        device_id: The device that it names; without one its publisher.
    """
    for pattern, contract, fix in _FIXES:
        if re.search(pattern, letter.reason):
            return Meaning(
                "", contract, fix.format(device_id=device_id or letter.principal, principal=letter.principal)
            )
    field = letter.reason.partition(":")[0]
    model = Event if letter.topic.endswith("/event") else Telemetry
    if field not in model.model_fields:
        return Meaning("", "see edge/contract/schema", _REPAIR_SENDER)
    return Meaning(field, _of_field(model.model_json_schema(), field), _REPAIR_SENDER)


def _of_field(schema: dict[str, Any], field: str) -> str:
    """A field's type, range, unit and meaning, as its JSON Schema has them."""
    about = schema["properties"][field]
    types = about.get("anyOf", [about])
    says = ["required" if field in schema.get("required", ()) else "optional"]
    says += [_of_type(each) for each in types]
    if "description" in about:
        says.append(about["description"])
    return "; ".join(says)


def _of_type(about: dict[str, Any]) -> str:
    limits = [f"{name} {about[name]}" for name in _PLAUSIBLE if name in about]
    unit = [f"unit {about['unit']}"] if "unit" in about else []
    kind = [str(about["type"])] if "type" in about else []
    return ", ".join([*kind, *limits, *unit]) or "any"
