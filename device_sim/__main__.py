"""`python -m device_sim`: play a fleet against a broker, in real time or faster."""

import json
import signal
import sys
import threading
from pathlib import Path

import structlog
from pydantic import ValidationError

from device_sim.config import SimulatorSettings
from device_sim.errors import SimulatorError, UnknownDeviceError
from device_sim.faults.plan import FaultPlan, read_plan
from device_sim.fleet import Fleet, FleetSpec
from device_sim.outdoors.files import read_weather
from device_sim.outdoors.weather import Weather
from device_sim.player import Pace, Player, Speech
from device_sim.wire.publisher import Credentials

log = structlog.get_logger()


def main() -> int:
    """Play until the season ends or SIGTERM comes; 0 when the broker has acknowledged everything."""
    structlog.configure(
        processors=[structlog.processors.TimeStamper("iso"), structlog.processors.JSONRenderer()]
    )
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        settings = SimulatorSettings()
        return run(settings, stop)
    except (SimulatorError, ValidationError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2


def run(settings: SimulatorSettings, stop: threading.Event) -> int:
    """Play the fleet of `settings` until it ends or `stop` is set."""
    fleet = _fleet(settings)
    player = Player(
        fleet,
        _identities(settings, fleet),
        (settings.host, settings.port),
        Pace(settings.speed, settings.readings_per_message),
        _speech(settings),
    )
    player.connect()
    ready = None if settings.data_dir is None else settings.data_dir / "run" / "sim.ready"
    if ready is not None:
        ready.parent.mkdir(parents=True, exist_ok=True)
        ready.touch()
    log.info("fleet_connected", homes=settings.homes, speed=settings.speed)
    try:
        player.play(fleet.steps_left, stop.is_set)
        return 0 if player.finish(timeout_s=4.0 if stop.is_set() else 60.0) else 1
    finally:
        if ready is not None:
            ready.unlink(missing_ok=True)


def _fleet(settings: SimulatorSettings) -> Fleet:
    spec = FleetSpec(
        homes=settings.homes,
        seed=settings.seed,
        start=settings.start,
        step_s=settings.step_s,
        climate=settings.climate,
        split=settings.split,
        plan=_plan(settings),
        occupancy_dir=settings.occupancy_dir,
        occupancy_method=settings.occupancy_method,
        heat_waves_per_summer=settings.heat_waves_per_summer,
    )
    fleet = Fleet(spec, settings.days, _weather(settings.weather_file, settings))
    for device_id in spec.plan.device_ids:
        if device_id not in {site.device_id for site in fleet.sites}:
            raise UnknownDeviceError(device_id)
    return fleet


def _plan(settings: SimulatorSettings) -> FaultPlan:
    """Only devices of the wire contract keep readings while they have no network."""
    plan = FaultPlan() if settings.faults_file is None else read_plan(settings.faults_file)
    return plan if settings.dialect == "native" else plan.model_copy(update={"buffer_readings": 0})


def _speech(settings: SimulatorSettings) -> Speech:
    account = Credentials(settings.username, settings.password.get_secret_value())
    return Speech(settings.dialect, settings.connections, account)


def _weather(path: Path | None, settings: SimulatorSettings) -> Weather | None:
    if path is None:
        return None
    return read_weather(path, settings.timezone, settings.start, settings.days, settings.step_s)


def _identities(settings: SimulatorSettings, fleet: Fleet) -> dict[str, Credentials]:
    ids = [site.device_id for site in fleet.sites]
    if settings.identities_file is None:
        password = settings.password.get_secret_value()
        return {device_id: Credentials(device_id, password) for device_id in ids}
    passwords = json.loads(settings.identities_file.read_text())
    missing = [device_id for device_id in ids if device_id not in passwords]
    if missing:
        raise SimulatorError(f"{settings.identities_file} has no password for {missing[0]}")
    return {device_id: Credentials(device_id, passwords[device_id]) for device_id in ids}


if __name__ == "__main__":
    sys.exit(main())
