"""Errors of the recordings; each text is for the person who asked for a replay."""

from collections.abc import Iterable
from pathlib import Path

from device_sim.errors import SimulatorError


class RecordingError(SimulatorError):
    """A recording cannot be played."""


class RecordingMissingError(RecordingError):
    """The folder holds no file of the format."""

    def __init__(self, directory: Path, patterns: Iterable[str]) -> None:
        super().__init__(f"no {' or '.join(patterns)} in {directory}")


class RecordingColumnsError(RecordingError):
    """A file lacks columns of the format."""

    def __init__(self, file: Path, missing: Iterable[str]) -> None:
        super().__init__(f"{file} is of another format: it has no column {', '.join(sorted(missing))}")


class TimezoneNeededError(RecordingError):
    """The stamps are those of a clock on a wall, and nobody said where the wall is."""

    def __init__(self, format_name: str) -> None:
        super().__init__(
            f"stamps of {format_name} are local time without an offset: "
            "say where with --timezone, for example --timezone America/New_York"
        )


class UnknownFormatError(RecordingError):
    """There is no such format: choose another."""

    def __init__(self, format_name: str, known: Iterable[str]) -> None:
        super().__init__(f"no format {format_name!r}; there are {', '.join(sorted(known))}")


class DeviceNameError(RecordingError):
    """A row names a device in a way that no broker takes, so it cannot even travel to the dead letters."""

    def __init__(self, device_id: str) -> None:
        super().__init__(f"{device_id!r} is no device id: 1 to 128 of the letters A-Z a-z 0-9 : _ -")
