"""Reading matter: payloads of foreign devices as JSON, numbers and words; each fault in one line."""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from edge.contract.quantities import Fan, Mode
from edge.errors import UnreadableError

_Word = TypeVar("_Word")

Readers = Mapping[str, Callable[[], Any]]
"""How to read each field of a reading that a message names; None: it does not say it."""

MAX_FOREIGN_BYTES = 64 * 1024
"""A longer payload is a fault of its sender [bytes]; the longest discovery message seen has a tenth of it."""

MAX_NUMBER_CHARS = 32
"""A longer text is no number [characters]."""

MODES: Mapping[str, Mode] = {
    **dict.fromkeys(("off", "stop"), "off"),
    **dict.fromkeys(("auto", "automatic", "heat_cool"), "auto"),
    **dict.fromkeys(("cool", "cooling"), "cool"),
    **dict.fromkeys(("heat", "heating", "hot"), "heat"),
    **dict.fromkeys(("dry", "drying", "dehumidify"), "dry"),
    **dict.fromkeys(("fan", "fanonly", "fan_only"), "fan"),
}
"""Modes by the words of all makes, in lower case; Tasmota's documentation also says `Hot`."""

FANS: Mapping[str, Fan] = {
    **dict.fromkeys(("auto", "automatic", "a"), "auto"),
    **dict.fromkeys(("min", "minimum", "lowest", "1", "low", "2", "quiet", "q", "diffuse"), "low"),
    **dict.fromkeys(("med", "medium", "mid", "middle", "3"), "medium"),
    **dict.fromkeys(("high", "hi", "4", "max", "maximum", "highest", "5"), "high"),
}
"""Fan speeds likewise."""

_TRUE, _FALSE = {"on", "yes", "true", "1"}, {"off", "no", "false", "0"}


def gather(readers: Readers) -> tuple[dict[str, Any], list[str]]:
    """Read each field alone, so that a bad one spoils no other.

    Returns:
        The fields that have a value, and the faults of those that could not be read.
    """
    facts: dict[str, Any] = {}
    faults: list[str] = []
    for name, read in readers.items():
        try:
            value = read()
        except UnreadableError as error:
            faults.append(str(error))
        else:
            if value is not None:
                facts[name] = value
    return facts, faults


def text(payload: bytes) -> str:
    """The payload as text.

    Raises:
        UnreadableError: It is too long or no UTF-8.
    """
    if len(payload) > MAX_FOREIGN_BYTES:
        raise UnreadableError(f"payload of {len(payload)} bytes, at most {MAX_FOREIGN_BYTES}")
    try:
        return payload.decode()
    except UnicodeDecodeError as error:
        raise UnreadableError(f"not UTF-8: {error.reason} at byte {error.start}") from error


def json_object(payload: bytes) -> dict[str, Any]:
    """The payload as a JSON object.

    Raises:
        UnreadableError: It is none.
    """
    try:
        document = json.loads(text(payload))
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"not JSON: {error}") from error
    return an_object(document, "payload")


def an_object(value: object, where: str) -> dict[str, Any]:
    """A JSON value that has to be an object.

    Raises:
        UnreadableError: It is none.
    """
    if not isinstance(value, dict):
        raise UnreadableError(f"{where}: {type(value).__name__} is no object")
    return value


def number(value: object, where: str) -> float:
    """A number, or a text that is one.

    Raises:
        UnreadableError: It is none, or not finite.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise UnreadableError(f"{where}: {type(value).__name__} is no number")
    if isinstance(value, str) and len(value) > MAX_NUMBER_CHARS:
        raise UnreadableError(f"{where}: {len(value)} characters are no number")
    try:
        found = float(value)
    except (ValueError, OverflowError) as error:
        raise UnreadableError(f"{where}: {str(value)[:MAX_NUMBER_CHARS]!r} is no number") from error
    if not math.isfinite(found):
        raise UnreadableError(f"{where}: {found} is no number")
    return found


def mode(value: object) -> Mode:
    """The mode that a word of any make stands for.

    Raises:
        UnreadableError: It is none.
    """
    return _word(value, MODES, "mode")


def fan(value: object) -> Fan:
    """The fan speed, likewise.

    Raises:
        UnreadableError: It is none.
    """
    return _word(value, FANS, "fan")


def switch(value: object, where: str) -> bool:
    """On or off, in any of the ways in which it is said.

    Raises:
        UnreadableError: It is neither.
    """
    word = str(value).strip().lower() if isinstance(value, (str, bool, int)) else ""
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise UnreadableError(f"{where}: {str(value)[:MAX_NUMBER_CHARS]!r} is neither on nor off")


def from_fahrenheit(temperature_f: float) -> float:
    """Degrees Celsius, to a tenth."""
    return round((temperature_f - 32.0) / 1.8, 1)


def to_fahrenheit(temperature_c: float) -> float:
    """Degrees Fahrenheit, whole as such devices show them."""
    return float(round(temperature_c * 1.8 + 32.0))


def _word(value: object, words: Mapping[str, _Word], where: str) -> _Word:
    found = words.get(str(value).strip().lower()) if isinstance(value, (str, int)) else None
    if found is None:
        raise UnreadableError(f"{where}: {str(value)[:MAX_NUMBER_CHARS]!r} is not known")
    return found
