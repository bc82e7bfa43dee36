"""The formats that can be replayed: a new one is one module with `read`, and one line here."""

from dataclasses import dataclass

from device_sim.recordings import ecobee, hilft, home_assistant
from device_sim.recordings.errors import UnknownFormatError
from device_sim.recordings.reading import Reader


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    Attributes:
        read: Turns a folder into readings.
        needs_timezone: Stamps are local time, and somebody has to say where.
    """

    read: Reader
    needs_timezone: bool


FORMATS = {
    "ecobee": Format(ecobee.read, needs_timezone=True),
    "hilft": Format(hilft.read, needs_timezone=True),
    "home-assistant": Format(home_assistant.read, needs_timezone=False),
}


def format_named(name: str) -> Format:
    """The format of this name.

    Raises:
        UnknownFormatError: There is none.
    """
    if name not in FORMATS:
        raise UnknownFormatError(name, FORMATS)
    return FORMATS[name]
