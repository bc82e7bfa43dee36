"""Wishes: what somebody has pressed or chosen in Home Assistant, in the contract's words."""

import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from edge.contract import DeviceId, Fan, Mode
from edge.contract.quantities import DEVICE_ID_PATTERN
from edge.errors import UnreadableError
from edge.home_assistant.entities import MAX_C, MIN_C, MODES, ROOT
from edge.home_assistant.shown import Autonomy

Kind: TypeAlias = Literal["mode", "setpoint", "fan", "autonomy", "apply", "dismiss", "a_bit_warm"]

FILTER: Final = f"{ROOT}/+/set/+"
"""Where they arrive."""

_TOPIC = re.compile(rf"{ROOT}/({DEVICE_ID_PATTERN[1:-1]})/set/([a-z_]+)")
_WORDS: Final[dict[str, frozenset[str]]] = {
    "mode": frozenset(get_args(Mode)),
    "fan": frozenset(get_args(Fan)),
    "autonomy": frozenset(get_args(Autonomy)),
}
_KINDS: Final[dict[str, Kind]] = {kind: kind for kind in get_args(Kind)}
_MODES: Final = {theirs: ours for ours, theirs in MODES.items()}


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted of a device.

    Attributes:
        device_id: Of which.
        kind: What was pressed or chosen.
        value: What was chosen: a word, or a setpoint [°C]; None for a button.
    """

    device_id: DeviceId
    kind: Kind
    value: str | float | None = None


def read(topic: str, payload: bytes) -> Wish:
    """What a message wants.

    Raises:
        UnreadableError: It wants nothing that there is.
    """
    match = _TOPIC.fullmatch(topic)
    kind = None if match is None else _KINDS.get(match[2])
    if match is None or kind is None:
        raise UnreadableError(f"nothing can be pressed at {topic[:200]}")
    said = payload[:64].decode("utf-8", "replace").strip()
    if kind == "setpoint":
        return Wish(match[1], kind, _setpoint_c(said))
    if kind not in _WORDS:
        return Wish(match[1], kind)
    word = _MODES.get(said, said) if kind == "mode" else said
    if word not in _WORDS[kind]:
        raise UnreadableError(f"{kind}: {said!r} is none")
    return Wish(match[1], kind, word)


def _setpoint_c(said: str) -> float:
    try:
        setpoint_c = float(said)
    except ValueError as error:
        raise UnreadableError(f"setpoint: {said!r} is no number") from error
    if not MIN_C <= setpoint_c <= MAX_C:
        raise UnreadableError(f"setpoint: {said} is not between {MIN_C} and {MAX_C}")
    return setpoint_c
