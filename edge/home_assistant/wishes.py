"""Wishes: what somebody has pressed or chosen in Home Assistant, in the contract's words."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from edge.contract import DeviceId, Fan, Mode
from edge.errors import UnreadableError
from edge.home_assistant.entities import MAX_C, MIN_C, MODES
from edge.home_assistant.place import Place
from edge.home_assistant.shown import Autonomy

Kind: TypeAlias = Literal["mode", "setpoint", "fan", "autonomy", "apply", "dismiss", "a_bit_warm"]

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


def read(place: Place, topic: str, payload: bytes) -> Wish:
    """What a message at a place wants.

    Raises:
        UnreadableError: It wants nothing that there is.
    """
    device_id, what = place.pressed(topic) or ("", "")
    kind = _KINDS.get(what)
    if kind is None:
        raise UnreadableError(f"nothing can be pressed at {topic[:200]}")
    said = payload[:64].decode("utf-8", "replace").strip()
    if kind == "setpoint":
        return Wish(device_id, kind, _setpoint_c(said))
    if kind not in _WORDS:
        return Wish(device_id, kind)
    word = _MODES.get(said, said) if kind == "mode" else said
    if word not in _WORDS[kind]:
        raise UnreadableError(f"{kind}: {said!r} is none")
    return Wish(device_id, kind, word)


def _setpoint_c(said: str) -> float:
    try:
        setpoint_c = float(said)
    except ValueError as error:
        raise UnreadableError(f"setpoint: {said!r} is no number") from error
    if not MIN_C <= setpoint_c <= MAX_C:
        raise UnreadableError(f"setpoint: {said} is not between {MIN_C} and {MAX_C}")
    return setpoint_c
