"""How fast a fleet is, as a multiple of the same arithmetic in bare numpy, and what a home costs in memory.

The bare loop knows no people, no firmware, no commands, no faults and no readings as objects. It does what
any simulator of the kind must do each step, for all homes, in memory that it keeps: 15 hashed numbers, of
which 3 pairs become normal; three chances of acting (an exponential each); the state of the air over the coil
(wet bulb, saturated air, two performance curves); five sub-steps of sensor, control, coil, two thermal nodes
and moisture; five rounded columns.
"""

import gc
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pytest

from device_sim.fleet import Fleet, FleetSpec

pytestmark = pytest.mark.bench

HOMES, STEPS = 10_000, 288
START = datetime(2025, 7, 1, 7, tzinfo=UTC)
ROUNDS = 3
MOST_TIMES_BARE = 8.0
"""A fleet that costs more than this has wasted something; with all its people and readings it needs some."""

MEMORY_HOMES = (1000, 10_000, 40_000)
Floats = npt.NDArray[np.float64]


class BareNumpy:
    """The arithmetic of a step, flat and in place."""

    def __init__(self, homes: int) -> None:
        self.words = np.arange(homes, dtype=np.uint64)
        self.shifted = np.empty_like(self.words)
        self.chance = np.empty((15, homes))
        self.air, self.mass, self.water = np.full(homes, 24.0), np.full(homes, 26.0), np.full(homes, 0.01)
        self.felt, self.rest, self.speed = np.full(homes, 24.0), np.zeros(homes), np.zeros(homes)
        self.on, self.was = np.zeros(homes, dtype=np.bool_), np.zeros(homes, dtype=np.bool_)
        self.a, self.b, self.c, self.d = (np.empty(homes) for _ in range(4))
        self.k = np.linspace(0.1, 0.9, homes)  # every coefficient is an array, as those of homes are
        self.table = np.linspace(-20.0, 45.0, 4000)

    def step(self) -> None:
        self._hash()
        self._people()
        self._coil()
        for _ in range(5):
            self._control()
            self._exchange()
        for _ in range(5):
            np.round(self.air, 1, out=self.a)

    def _hash(self) -> None:
        words, shifted = self.words, self.shifted
        for row in self.chance:
            np.add(words, np.uint64(0x9E3779B97F4A7C15), out=words)
            for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
                np.right_shift(words, np.uint64(shift), out=shifted)
                np.bitwise_xor(words, shifted, out=words)
                np.multiply(words, np.uint64(factor), out=words)
            np.right_shift(words, np.uint64(11), out=shifted)
            np.add(shifted, 0.5, out=row)
            np.multiply(row, 2.0**-53, out=row)
        for pair in range(3):
            radius, angle = self.chance[2 * pair], self.chance[2 * pair + 1]
            np.sqrt(np.multiply(np.log(radius, out=radius), -2.0, out=radius), out=radius)
            np.multiply(radius, np.cos(np.multiply(angle, 6.283, out=angle), out=angle), out=radius)

    def _people(self) -> None:
        for row in self.chance[6:9]:
            np.subtract(self.air, 25.0, out=self.a)
            np.minimum(np.maximum(self.a, 0.0, out=self.a), 3.0, out=self.a)
            np.multiply(self.a, self.k, out=self.a)
            np.exp(np.negative(self.a, out=self.a), out=self.a)
            np.less(row, np.subtract(1.0, self.a, out=self.a), out=self.was)
        for _ in range(8):  # who is at home and awake, and what heat that is
            np.less(self.k, 0.5, out=self.was)
            np.multiply(self.was, self.k, out=self.b)

    def _coil(self) -> None:
        a, b, c, d, k = self.a, self.b, self.c, self.d, self.k
        for _ in range(3):  # saturation pressures of room and coil, humidity from them
            np.divide(np.multiply(self.air, 17.6, out=a), np.add(self.air, 243.0, out=b), out=a)
            np.divide(np.multiply(np.exp(a, out=a), self.water, out=a), np.add(k, 0.6, out=b), out=c)
        for _ in range(4):  # wet bulb
            np.multiply(np.arctan(np.add(c, 1.6, out=d), out=d), k, out=d)
            np.add(a, d, out=a)
        np.sqrt(np.abs(c, out=c), out=c)
        for _ in range(2):  # capacity and power
            np.multiply(a, k, out=b)
            for _ in range(4):
                np.add(np.multiply(b, k, out=b), a, out=b)
        for _ in range(2):  # enthalpies, share of sensible heat
            np.add(np.multiply(self.water, np.multiply(self.air, 1860.0, out=d), out=d), self.air, out=d)
            np.divide(d, np.add(k, 1.0, out=c), out=d)
        np.multiply(np.minimum(np.maximum(k, 0.0, out=c), 1.0, out=c), 3998.0, out=c)
        rows = c.astype(np.intp)
        np.add(self.table[rows], np.multiply(np.subtract(c, rows, out=c), self.table[rows], out=c), out=c)

    def _control(self) -> None:
        a, b, k, on, was = self.a, self.b, self.k, self.on, self.was
        np.multiply(np.subtract(self.air, self.felt, out=a), k, out=a)
        np.add(self.felt, a, out=self.felt)
        np.subtract(np.add(self.felt, self.chance[0], out=a), 24.0, out=a)
        rested = self.rest >= np.where(on, 180.0, k)
        keep, start = (a > -0.5) | ~rested, (a > k) & rested
        np.copyto(was, on)
        np.copyto(on, np.where(was, keep, start))
        np.add(np.where(on == was, self.rest, 0.0), 60.0, out=self.rest)
        np.minimum(np.add(np.divide(a, k, out=b), 0.5, out=b), 1.0, out=b)
        np.minimum(np.maximum(np.subtract(b, self.speed, out=b), -0.1, out=b), 0.1, out=b)
        np.multiply(np.maximum(np.add(self.speed, b, out=b), k, out=b), on, out=self.speed)

    def _exchange(self) -> None:
        a, b, c, d, k = self.a, self.b, self.c, self.d, self.k
        for _ in range(5):  # starting losses, heat, fan, compressor, sensible share
            np.multiply(np.add(np.multiply(self.speed, k, out=a), k, out=a), k, out=b)
            np.subtract(b, a, out=d)
        for new in (c, d):  # the two nodes
            np.add(np.multiply(self.air, k, out=a), np.multiply(self.mass, k, out=b), out=new)
            np.add(np.multiply(self.speed, k, out=a), new, out=new)
            np.add(np.multiply(new, k, out=a), 10.0, out=new)
        self.air, self.c = self.c, self.air
        self.mass, self.d = self.d, self.mass
        np.subtract(self.water, np.multiply(self.speed, 1e-6, out=a), out=a)
        np.add(np.multiply(np.subtract(self.water, a, out=b), k, out=b), a, out=b)
        np.maximum(b, 1e-4, out=self.water)
        for _ in range(3):  # sums of the step
            np.add(a, b, out=a)


def best_s(work: Callable[[], Callable[[], object]]) -> float:
    """The fastest of some rounds, each with a new subject [s of this process]."""
    rounds = []
    for _ in range(ROUNDS):
        step = work()
        gc.collect()
        started = time.process_time()
        for _ in range(STEPS):
            step()
        rounds.append(time.process_time() - started)
    return min(rounds)


def test_a_fleet_costs_a_small_multiple_of_its_arithmetic() -> None:
    bare_s = best_s(lambda: BareNumpy(HOMES).step)
    fleet_s = best_s(lambda: Fleet(FleetSpec(HOMES, seed=1, start=START), 1).step)

    ratio = fleet_s / bare_s
    print(
        f"\nfleet of {HOMES} homes, {STEPS} steps, one core: {fleet_s:.2f} s, "
        f"{HOMES * STEPS / fleet_s:,.0f} home_steps_per_s, {ratio:.2f} times bare numpy ({bare_s:.2f} s)"
    )
    assert ratio < MOST_TIMES_BARE


GROWTH = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from device_sim.fleet import Fleet, FleetSpec

def peak_bytes():
    status = Path("/proc/self/status").read_text()  # getrusage() would also count the parent's memory
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])

def live(homes):
    fleet = Fleet(FleetSpec(homes, seed=1, start=datetime(2025, 7, 1, 7, tzinfo=UTC)), 1)
    for _ in range(60):
        fleet.step()

live(10)
before = peak_bytes()
live(int(sys.argv[1]))
print(peak_bytes() - before)
"""
"""Peak memory that a fleet adds, in a process of its own [bytes]."""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's file of a process is read")
def test_memory_grows_with_homes_and_not_faster() -> None:
    a_home = {}
    for homes in MEMORY_HOMES:
        command = [sys.executable, "-c", GROWTH, str(homes)]
        grown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=280)
        a_home[homes] = int(grown.stdout) / homes
        print(f"\n{homes} homes: {int(grown.stdout) / 1e6:.1f} MB, {a_home[homes]:,.0f} bytes a home", end="")
    print()

    small, middle, large = a_home.values()
    assert large < 2.0 * middle
    assert middle < 2.0 * small  # a small fleet draws more steps ahead, so it may cost more a home
