"""Controller: the protocol by which other people's controllers are judged, `--controller module:Class`."""

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeAlias

from cloud.advice import Feedback, Installation
from cloud.ports.weather import WeatherHour
from device_sim.wire.readings import StepReadings
from edge.contract import Desired, Telemetry
from infra.local.errors import LocalError
from infra.local.judging.advised import FORECAST_S, WeatherService, installation
from infra.local.judging.control import COMMAND_S, command
from infra.local.judging.plant import Plant


class HomeController(Protocol):
    """One home's controller: made as `Class(installation)`, one instance a home, each for itself.

    It lives in the learning days too, in which it only observes. It must be deterministic: with the same
    readings it decides the same, whatever process it lives in.
    """

    def observe(self, reading: Telemetry) -> None:
        """What the device reports, every step."""
        ...

    def forecast(self, hours: list[WeatherHour]) -> None:
        """What the weather service says, every three hours."""
        ...

    def record(self, feedback: Feedback) -> None:
        """People said "a bit warm", or took back what was set (`undone`)."""
        ...

    def decide(self, at: datetime) -> float | None:
        """The setpoint to hold from `at` (UTC) on [°C], asked every half-hour; None leaves the device alone.

        What people choose at the device stands, whatever is decided.
        """
        ...


ControllerClass: TypeAlias = Callable[[Installation], HomeController]


class ControllerError(LocalError):
    """A controller cannot be used."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(
            f"--controller {name}: {why}; it is `module:Class` with the methods of HomeController"
        )


@dataclass(slots=True)
class Controlled:
    """Every home with a controller of its own.

    Args:
        controllers: By device.
        service: Tells them the weather.
    """

    controllers: Mapping[str, HomeController]
    service: WeatherService

    def observe(self, readings: StepReadings) -> None:
        """Each hears its own device."""
        for i, controller in enumerate(self.controllers.values()):
            controller.observe(readings.telemetry(i))

    def hear(self, taps: Iterable[str], at: datetime) -> None:
        """Each hears its own people."""
        for device_id in taps:
            self.controllers[device_id].record(Feedback(at, "a_bit_warm"))

    def hear_undone(self, undos: Iterable[str], at: datetime) -> None:
        """Each hears its own people."""
        for device_id in undos:
            self.controllers[device_id].record(Feedback(at, "undone"))

    def decide(self, at: datetime) -> Iterable[tuple[str, Desired]]:
        """What each of them wants."""
        if at.timestamp() % FORECAST_S == 0:
            hours = self.service.hours(at)
            for controller in self.controllers.values():
                controller.forecast(hours)
        wanted = [(device_id, each.decide(at)) for device_id, each in self.controllers.items()]
        until = at + timedelta(seconds=COMMAND_S)
        return [(device, command(setpoint, at, until)) for device, setpoint in wanted if setpoint is not None]

    def react(self, at: datetime) -> Iterable[tuple[str, Desired]]:  # noqa: ARG002 (of the protocol)
        """They decide every half-hour and not between."""
        return ()


def controlled(name: str, plant: Plant, service: WeatherService) -> Controlled:
    """A controller called `module:Class` for every home of `plant`.

    Raises:
        ControllerError: There is none of that name, or it lacks a method.
    """
    make = load_controller(name)
    return Controlled({site.device_id: make(installation(site)) for site in plant.sites}, service)


def load_controller(name: str) -> ControllerClass:
    """The class called `module:Class`.

    Raises:
        ControllerError: There is none of that name, or it lacks a method.
    """
    module, _, attribute = name.partition(":")
    try:
        found: Any = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ControllerError(name, str(error)) from error
    methods = ("observe", "forecast", "record", "decide")
    missing = [method for method in methods if not callable(getattr(found, method, None))]
    if missing:
        raise ControllerError(name, f"it has no {', '.join(missing)}")
    make: ControllerClass = found
    return make
