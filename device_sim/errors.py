"""Errors of the simulator, by what the caller does next."""

from pathlib import Path


class SimulatorError(Exception):
    """Root of every error that the simulator raises on purpose."""


class UnknownClimateError(SimulatorError):
    """There is no such climate: choose another."""

    def __init__(self, climate: str, known: tuple[str, ...]) -> None:
        super().__init__(f"no climate {climate!r}; there are {', '.join(known)}")


class UnknownArchetypeError(SimulatorError):
    """There is no such kind of home: choose another."""

    def __init__(self, archetype: str, known: tuple[str, ...]) -> None:
        super().__init__(f"no archetype {archetype!r}; there are {', '.join(known)}")


class UnsuitableWeatherError(SimulatorError):
    """The weather given has another start, step or length than the season."""


class WeatherFileError(SimulatorError):
    """This file holds no weather that we can read: give another."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"no weather from {path}: {reason}")


class UnsuitableOccupancyError(SimulatorError):
    """The folder does not hold the occupancy statistics: name another, or none."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"no occupancy statistics in {folder}: {reason}")


class MeasurementsError(SimulatorError):
    """The folder does not hold the measurements of machines: name another."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"no measured machine in {folder}: {reason}")


class SeasonEndedError(SimulatorError):
    """All days of the season have been played."""

    def __init__(self, days: int) -> None:
        super().__init__(f"the season has {days} days, all of them played")


class UnknownDeviceError(SimulatorError):
    """There is no such device in the fleet."""

    def __init__(self, device_id: str) -> None:
        super().__init__(f"no device {device_id!r} in the fleet")


class BrokerUnavailableError(SimulatorError):
    """The broker does not let the devices in: is it running, and are the credentials right?"""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(f"no connection to the broker at {host}:{port}: {reason}")
