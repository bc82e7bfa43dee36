"""The town: simulated homes living beside the stack of one machine, joined by MQTT and nothing else."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from device_sim.fleet import Fleet, FleetSpec
from device_sim.player import Pace, Player
from device_sim.wire.publisher import Credentials
from infra.local.forecast_file import ForecastFile
from infra.local.lockstep import Lockstep
from infra.local.stack import Stack
from infra.local.stack_settings import StackSettings

START = datetime(2026, 6, 1, tzinfo=UTC)
"""Simulated time begins here: the cooling season of the northern hemisphere."""

CLIMATE = "hot_dry"
"""Of the simulated weather."""

STEPS_PER_DAY = 288
STEPS_PER_ROUND = 6
"""Half an hour of 5-minute steps: so often simulated time waits for advice."""

READINGS_PER_MESSAGE = 12
"""A device gathers for an hour while nobody waits for its readings [readings]."""

NATIVE_EVERY = 4
"""Every fourth home's device speaks to the cloud itself; the others are behind the gateway."""


@dataclass(frozen=True, slots=True)
class TownPlan:
    """How many homes live for how long, and where their files and ports are."""

    data_dir: Path
    web_port: int
    mqtt_port: int
    homes: int
    days: int
    seed: int


class Town:
    """Homes and stack; open it, let it live, close it.

    Attributes:
        fleet: The homes; the simulation's truth.
        stack: The processes.
        lockstep: What the processes have done so far.
        claim_codes: What each device shows to the person who pairs it.
        say_warm: How people say "a bit warm" of their device; nobody listens unless it is set.
        take_back: How people take the advice for their device back; the same.
        beside: Something short that can be done while the advisor thinks; says whether it was done.
        peak_memory_bytes: Largest resident memory of all processes together [bytes].
    """

    def __init__(self, plan: TownPlan, environment: Mapping[str, str]) -> None:
        spec = FleetSpec(homes=plan.homes, seed=plan.seed, start=START, climate=CLIMATE, split="demo")
        self.fleet = Fleet(spec, plan.days)
        forecasts = plan.data_dir / "forecast.json"
        self._weather_service = ForecastFile(forecasts, self.fleet)
        settings = StackSettings(
            data_dir=plan.data_dir,
            web_port=plan.web_port,
            mqtt_port=plan.mqtt_port,
            clock="telemetry",
            decision_interval_s=STEPS_PER_ROUND * spec.step_s,
            share_presence=True,
            timezone=self.fleet.sites[0].timezone,
            weather=f"file:{forecasts}",
        )
        self.stack = Stack(settings, environment)
        device_ids = [site.device_id for site in self.fleet.sites]
        native = device_ids[::NATIVE_EVERY]
        behind = [device_id for device_id in device_ids if device_id not in native]
        self.claim_codes = self.stack.register(native, behind_gateway=False)
        self.claim_codes |= self.stack.register(behind, behind_gateway=True)
        self.peak_memory_bytes = 0
        self.say_warm: Callable[[str], None] = lambda _device_id: None
        self.take_back: Callable[[str], None] = lambda _device_id: None
        self.beside: Callable[[], bool] = lambda: False

    def open(self) -> None:
        """Start the stack and connect every device.

        Raises:
            LocalError: A port is taken, or a process does not come up.
        """
        self.stack.start()
        self.lockstep = Lockstep(self.stack.settings.data_dir, self.stack.state)
        self._player = self._make_player()
        self._player.connect()

    def close(self) -> None:
        """Disconnect the devices and stop the stack."""
        if hasattr(self, "_player"):
            self._player.close()
            self.lockstep.close()
        self.stack.stop()

    @property
    def published(self) -> int:
        """Readings of different content that devices have sent, good or bad."""
        return self._player.packer.sent_readings

    def live(self, days: int) -> Iterable[int]:
        """Let days pass as fast as readings are acknowledged; yields each day that has passed."""
        for day in range(1, days + 1):
            self._play(STEPS_PER_DAY)
            self._look_at_memory()
            yield day

    def finish_day(self) -> None:
        """Let the rest of the day pass."""
        self._play(self.fleet.steps_left % STEPS_PER_DAY)

    def live_advised(self, days: int) -> Iterable[int]:
        """Let days pass in lock-step with the advisor; yields each day that has passed."""
        for day in range(1, days + 1):
            for _ in range(STEPS_PER_DAY // STEPS_PER_ROUND):
                self.live_round()
            self._look_at_memory()
            yield day

    def live_round(self) -> None:
        """Let half an hour pass and wait until it was decided upon and the devices have heard."""
        self._play(STEPS_PER_ROUND)
        self.lockstep.wait_ingested(self.published, self._pump)
        for device_id in self.fleet.take_taps():
            self.say_warm(device_id)
        for device_id in self.fleet.take_undos():
            self.take_back(device_id)
        progress = self.lockstep.wait_decided(self._pump_beside)
        self.lockstep.wait_heard(progress.commands_sent, lambda: len(self._player.heard), self._pump)

    def catch_up(self) -> None:
        """Wait until everything that was published has arrived and been taken into account."""
        self.lockstep.wait_ingested(self.published, self._pump)
        self.lockstep.wait_decided(self._pump)

    def idle(self, seconds: float) -> None:
        """Carry commands for a while without letting simulated time pass."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self._pump(min(left, 0.05))

    def _make_player(self) -> Player:
        identities = {
            device_id: Credentials(device_id, self.stack.identities.require(device_id).password)
            for device_id in self.claim_codes
        }
        address = ("127.0.0.1", self.stack.settings.mqtt_port)
        return Player(self.fleet, identities, address, Pace(readings_per_message=READINGS_PER_MESSAGE))

    def _play(self, steps: int) -> None:
        """Let steps pass; every reading of them is on its way when this returns."""
        self._weather_service.issue(steps)
        self._player.play(steps, self._has_ended)

    def _pump(self, timeout_s: float) -> None:
        if not self._has_ended():
            self._player.pump(timeout_s)

    def _pump_beside(self, timeout_s: float) -> None:
        """Use the time: only one other process is at work."""
        self._pump(0.0 if self.beside() else timeout_s)

    def _has_ended(self) -> bool:
        """Never; but there is no point in waiting for processes that cannot be kept running.

        Raises:
            LocalError: They cannot.
        """
        self.stack.supervisor.require_running()
        return False

    def _look_at_memory(self) -> None:
        here = psutil.Process()
        pids = [here, *here.children(recursive=True)]
        total = sum(_resident_bytes(process) for process in pids)
        self.peak_memory_bytes = max(self.peak_memory_bytes, total)


def _resident_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
