"""How fast a fleet is, as a multiple of the same arithmetic in bare numpy, and what a home costs in memory.

The bare loop is `bare_fleet`, whose first lines say what it includes and what it leaves out. The ratio is
what a fleet pays for being readable, for people, firmware and readings as objects, and for arrays made anew.
"""

import gc
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest

from device_sim.fleet import Fleet, FleetSpec
from tests.bench.bare_fleet import BareFleet

pytestmark = pytest.mark.bench

HOMES, STEPS = 10_000, 288
START = datetime(2025, 7, 1, 7, tzinfo=UTC)
ROUNDS = 3
MOST_TIMES_BARE = 2.5
"""A fleet that costs more than this has wasted something; the rest is room for a busy machine."""

MEMORY_HOMES = (1000, 10_000, 40_000)


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


def test_the_bare_loop_does_real_work() -> None:
    bare = BareFleet(2000)
    for _ in range(STEPS):
        bare.step()

    for values, low, high in (
        (bare.air_c, 15.0, 35.0),
        (bare.mass_c, 18.0, 40.0),
        (bare.water, 0.004, 0.02),
        (bare.felt_c, 15.0, 35.0),
        (bare.share, 0.4, 1.0),
        (bare.electric_w, 1.0, 8000.0),
    ):
        assert low <= values.min() <= values.max() <= high
    assert np.isfinite(bare.sums).all()
    assert 0.2 < bare.on.mean() < 0.95
    assert 0.02 < bare.first[bare.two].mean() < 0.98
    assert 0.0 < bare.sums[1].sum() < bare.sums[0].sum() < 0.02 * STEPS * bare.homes


def test_a_fleet_costs_a_small_multiple_of_its_arithmetic() -> None:
    bare_s = best_s(lambda: BareFleet(HOMES).step)
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
