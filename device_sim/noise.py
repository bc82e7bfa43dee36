"""Noise: random numbers that depend only on what they are for, never on what was drawn before.

Each number is a hash of (seed, split, stream, home, time). So a home behaves the same in a fleet of ten or
of ten thousand, two copies of a fleet see the same chances whatever is done to them, and nothing has to be
saved or shared between processes. The hash is the finaliser of SplitMix64 (Steele, Lea & Flood 2014,
doi:10.1145/2660193.2660195, with Stafford's constants).
"""

from enum import IntEnum
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Words: TypeAlias = NDArray[np.uint64]
Split: TypeAlias = Literal["train", "validate", "test", "demo"]
"""Whose homes they are; two splits share neither homes nor weather, whatever the seed.

`train`: models are learnt from them. `validate`: variants are compared and settings chosen on them, as often
as one likes. `test`: what is claimed is measured on them, once. `demo`: people look at them; nothing that is
shipped is learnt from them, and no figure of theirs is a result. Whoever trains or judges names the split.
"""

JudgedSplit: TypeAlias = Literal["validate", "test"]
"""The splits on which a model or a method is judged."""

SPLIT_CODE: dict[Split, int] = {"train": 1, "validate": 2, "test": 3, "demo": 4}
"""Part of the seed."""

_GOLDEN = 0x9E3779B97F4A7C15
_MASK = 0xFFFFFFFFFFFFFFFF


class Stream(IntEnum):
    """What a random number is for; a new purpose gets a new number, so that old seasons stay as they were."""

    WEATHER_TEMPERATURE = 1
    WEATHER_DEW_POINT = 2
    WEATHER_CLOUD_DAY = 3
    WEATHER_CLOUD_HOUR = 4
    SITE = 5
    METER = 6
    WEATHER_WIND_DAY = 7
    WEATHER_WIND_HOUR = 8
    HEAT_WAVE = 9
    ROOM = 10
    MACHINE = 11
    PERSON = 12
    DAY = 20
    DAY_TIMES = 21
    SLEEP = 22
    GUESTS = 23
    HOLIDAY = 24
    HOLIDAY_PHASE = 25
    WHEREABOUTS = 26
    HOUSEHOLD_TYPE = 27
    INDOOR_SENSOR = 30
    HUMIDITY_SENSOR = 31
    OUTDOOR_SENSOR = 32
    MOTION = 33
    WARM = 40
    COLD = 41
    WHIM = 42
    CHANGE_SIZE = 43
    TAP = 44
    ANSWER = 45
    COMFORT_OF_DAY = 46
    POWER_ON_FAULT = 50
    NULL_FAULT = 51
    REPEAT = 52
    POLICY = 60
    FORECAST_BIAS = 80
    FORECAST_DRY_BULB = 81
    FORECAST_DEW_POINT = 82
    FORECAST_CLEARNESS = 83
    FAULT_SHARE = 90
    FAULT_DAY = 91
    FAULT_SHAPE = 92
    AGAIN = 93
    AGAIN_S = 94
    DELAY = 95
    EQUIPMENT = 96


def _mix(word: Words) -> Words:
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))


class Noise:
    """Random numbers of one fleet.

    Args:
        seed: Any integer.
        split: Fleets of different splits share no number.
        homes: How many homes; home `i` gets the same numbers whatever this is.
        first_home: Number of the first of them.

    Attributes:
        homes: How many homes.
    """

    def __init__(self, seed: int, split: Split, homes: int, first_home: int = 0) -> None:
        start = (seed * 0xD1342543DE82EF95 + SPLIT_CODE[split] * _GOLDEN) & _MASK
        self.homes = homes
        self._key = _mix(np.array([start], dtype=np.uint64))
        self._home = np.arange(first_home, first_home + homes, dtype=np.uint64) * np.uint64(_GOLDEN)
        self._keys: dict[Stream, Words] = {}

    def uniform(self, stream: Stream, ticks: NDArray[np.int64]) -> Floats:
        """Numbers in (0, 1) for each tick (rows) and home (columns): `(ticks, homes)`."""
        if stream not in self._keys:
            self._keys[stream] = _mix(_mix(self._key + np.uint64(stream)) + self._home)
        words = ticks.astype(np.uint64)[:, None] * np.uint64(_GOLDEN)
        return np.asarray(((_mix(words + self._keys[stream]) >> np.uint64(11)) + 0.5) * 2.0**-53)

    def normal(self, stream: Stream, ticks: NDArray[np.int64]) -> Floats:
        """Standard normal numbers `(ticks, homes)`, by the transform of Box and Muller (1958)."""
        radius = np.sqrt(-2.0 * np.log(self.uniform(stream, 2 * ticks)))
        return np.asarray(radius * np.cos(2.0 * np.pi * self.uniform(stream, 2 * ticks + 1)))


class Draws:
    """Parameters of homes, drawn one after the other from one stream: each call is a new `(homes,)` array.

    Args:
        noise: Whose numbers.
        stream: What they are for.
        after_tick: The first draw is that of the tick after this one.
    """

    def __init__(self, noise: Noise, stream: Stream, after_tick: int = 0) -> None:
        self._noise = noise
        self._stream = stream
        self._tick = after_tick

    def _next(self) -> NDArray[np.int64]:
        self._tick += 1
        return np.array([self._tick])

    def uniform(self, low: float = 0.0, high: float = 1.0) -> Floats:
        """Uniform in (low, high)."""
        return np.asarray(low + (high - low) * self._noise.uniform(self._stream, self._next())[0])

    def chance(self, share: float) -> NDArray[np.bool_]:
        """True for about that share of the homes."""
        return self.uniform() < share

    def normal(self, mean: float, deviation: float) -> Floats:
        """Normal."""
        return np.asarray(mean + deviation * self._noise.normal(self._stream, self._next())[0])

    def lognormal(self, median: float, sigma: float) -> Floats:
        """Log-normal with the given median and the given deviation of its logarithm."""
        return median * np.exp(self.normal(0.0, sigma))


TAPE_STEPS = 48
TAPE_NUMBERS = 120_000
"""At most so many steps, and numbers of a stream [8 bytes each], are drawn at once: enough to spread numpy's
cost of a call, few enough for a processor's cache (and for memory: of 40,000 homes 3 steps, not 48)."""

_NORMAL = (Stream.INDOOR_SENSOR, Stream.HUMIDITY_SENSOR, Stream.OUTDOOR_SENSOR)
_UNIFORM = (
    Stream.MOTION,
    Stream.WARM,
    Stream.COLD,
    Stream.WHIM,
    Stream.CHANGE_SIZE,
    Stream.TAP,
    Stream.POWER_ON_FAULT,
    Stream.NULL_FAULT,
    Stream.REPEAT,
)


class Tape:
    """The chances of each step, as `(homes,)` arrays by stream, drawn in blocks."""

    def __init__(self, noise: Noise, first_tick: int) -> None:
        self._noise = noise
        self._first_tick = first_tick
        self._steps = max(1, min(TAPE_STEPS, TAPE_NUMBERS // noise.homes))
        self._block_start = -self._steps
        self._block: dict[Stream, Floats] = {}

    def at(self, step: int) -> dict[Stream, Floats]:
        """The chances of step number `step`."""
        row = step - self._block_start
        if not 0 <= row < self._steps:
            self._draw(step)
            row = 0
        return {stream: values[row] for stream, values in self._block.items()}

    def _draw(self, step: int) -> None:
        ticks = np.arange(step, step + self._steps) + self._first_tick
        self._block_start = step
        self._block = {stream: self._noise.normal(stream, ticks) for stream in _NORMAL}
        self._block |= {stream: self._noise.uniform(stream, ticks) for stream in _UNIFORM}
