"""History: the last fourteen days of one home in slots of 15 minutes, small enough to be kept in its state.

Readings that come again, late, or from a clock that has jumped, do no harm; a sensor that sticks or jumps
is noticed when rows are asked for, and what it said is left out.
"""

import math
import struct
from dataclasses import dataclass, field
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from cloud.errors import RejectedError
from cloud.thermal.rows import COLUMNS, SLOT_S, SLOTS_PER_DAY, Floats, Rows
from cloud.thermal.sky import clear_sky_ghi_w_m2
from edge.contract import Telemetry

DAYS: Final = 14
KEPT_SLOTS: Final = DAYS * SLOTS_PER_DAY

VERSION: Final = 2
"""Layout of the bytes."""

ZSTD_LEVEL: Final = 3
"""Level 9 takes forty times as long, for 3 % fewer bytes."""

_HEAD: Final = "<BiH"
_HEAD_BYTES: Final = struct.calcsize(_HEAD)
_DAY_BYTES: Final = len(COLUMNS) * SLOTS_PER_DAY * 2

OFF_C: Final = 60.0
"""Setpoint that stands for a machine that is off, in the ring only [°C]."""

LEAST_COVERAGE: Final = 1 / 3
"""Share of a slot that has to be observed for its mean to count [ratio]."""

STUCK_SLOTS: Final = 24
"""So long one and the same indoor temperature is believed to be true [slots]: six hours, where it is
reported in tenths. Longer only where the load never changed: see `flawed`."""

MOVING_LOAD: Final = 0.05
"""Standard deviation of the load within a stretch that would have moved a real sensor [ratio]: an
assumption."""

COARSE_SHARE: Final = 0.8
"""A sensor whose changes are to so large a share zero or whole steps of `COARSE_K` reports coarsely
[ratio]."""

COARSE_K: Final = 0.5

JUMP_K: Final = 4.0
"""A change from slot to slot that no air makes [K]; a light home with full cooling makes 2.5 K."""

_JUMP_SLOTS: Final = 8
"""What follows a jump is left out for so long [slots], or until the temperature jumps back."""

_SCALES: Final = {"indoor_c": 0.02, "outdoor_c": 0.2, "setpoint_c": 0.1, "load_ratio": 0.005, "ghi_w_m2": 5.0}
"""Steps in which columns are kept; power is kept by `_POWER_STEP`, as it spans three decades."""

_POWER_STEP: Final = 0.02
_POWER_FLOOR_W: Final = 10.0
_MISSING: Final = -(2**15)


class HistoryRejectedError(RejectedError):
    """The bytes are no history of this version: begin anew."""

    def __init__(self, why: str) -> None:
        super().__init__(f"no thermal history of version {VERSION}: {why}")


@dataclass(slots=True)
class GoingSlot:
    """The slot that is being observed: sums weighted by seconds, by column.

    Attributes:
        number: Which, counted since 1970.
        newest_s: The newest reading [s since 1970].
        totals: Sums by column.
        seconds: What they are over [s].
        setpoint_c: The newest one; NaN when there is none, `OFF_C` while off [°C].
    """

    number: int
    newest_s: float
    totals: dict[str, float] = field(default_factory=dict[str, float])
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    setpoint_c: float = math.nan

    def add(self, name: str, value: float | None, seconds: float) -> None:
        """A value of a column that held for so long [s]; None and NaN are unknown."""
        if value is not None and math.isfinite(value):
            self.totals[name] = self.totals.get(name, 0.0) + value * seconds
            self.seconds[name] = self.seconds.get(name, 0.0) + seconds

    def mean(self, name: str) -> float:
        """Of a column; NaN where too little was observed."""
        seconds = self.seconds.get(name, 0.0)
        return self.totals[name] / seconds if seconds >= LEAST_COVERAGE * SLOT_S else math.nan


class ThermalHistory:
    """A ring of slots; columns are those of `Rows`."""

    def __init__(self) -> None:
        self._ring = np.full((len(COLUMNS), KEPT_SLOTS), _MISSING, np.int16)
        self._newest_slot: int | None = None
        self._newest_s = -math.inf
        self._open: GoingSlot | None = None
        self._packed_days: tuple[int, bytes] | None = None  # by the day after them

    def observe(self, reading: Telemetry, ghi_w_m2: float | None = None) -> None:
        """Take a reading in; one that is not newer than the newest is ignored.

        Args:
            reading: From the device.
            ghi_w_m2: Sunshine that the forecast had for then [W/m²].
        """
        at_s = reading.sampled_at.timestamp()
        if at_s <= self._newest_s:
            return
        self._newest_s = at_s
        number = math.ceil(at_s / SLOT_S) - 1
        if self._open is None or self._open.number != number:
            self._close()
            self._open = GoingSlot(number, at_s)
        going, seconds = self._open, min(reading.interval_s, float(SLOT_S))
        going.newest_s = at_s
        going.add("indoor_c", reading.indoor_dry_bulb_c, seconds)
        going.add("outdoor_c", reading.outdoor_dry_bulb_c, seconds)
        going.add("power_w", reading.electric_power_w, seconds)
        going.add("load_ratio", 0.0 if reading.mode == "off" else reading.compressor_ratio, seconds)
        going.add("ghi_w_m2", ghi_w_m2, seconds)
        going.setpoint_c = _setpoint_c(reading)

    @property
    def going(self) -> GoingSlot | None:
        """The slot that is being observed, which `to_bytes` leaves out."""
        return self._open

    def rows(self, latitude_deg: float, longitude_deg: float, last_slot: int | None = None) -> Rows:
        """The slots that are closed, oldest first, as one home, (1, `KEPT_SLOTS`).

        Sunshine is that of a cloudless sky where no forecast was heard; what a flawed sensor said is NaN.

        Args:
            latitude_deg: Of the home [°].
            longitude_deg: Of the home [°].
            last_slot: Number of the slot that they end with; None = the newest one.
        """
        newest = self._newest_slot if self._newest_slot is not None else KEPT_SLOTS - 1
        first = (newest if last_slot is None else last_slot) + 1 - KEPT_SLOTS
        ring = np.roll(self._ring, -(first % KEPT_SLOTS), axis=1)
        numbers = np.arange(first, first + KEPT_SLOTS)
        ring[:, (numbers > newest) | (numbers <= newest - KEPT_SLOTS)] = _MISSING
        columns = {name: _decoded(name, ring[place])[np.newaxis] for place, name in enumerate(COLUMNS)}
        columns["setpoint_c"][columns["setpoint_c"] >= OFF_C] = math.nan
        found = Rows(first, **columns)
        clear = clear_sky_ghi_w_m2(found.times_s, np.array([latitude_deg]), np.array([longitude_deg]))
        columns["ghi_w_m2"] = np.where(np.isnan(columns["ghi_w_m2"]), clear, columns["ghi_w_m2"])
        bad = flawed(columns["indoor_c"][0], columns["load_ratio"][0])
        columns["indoor_c"][0, bad] = math.nan
        return Rows(first, **columns)

    def to_bytes(self) -> bytes:
        """The closed slots: the newest UTC day, and those before it, which are compressed but once a day.

        A slot that is going on is lost.
        """
        newest = self._newest_slot if self._newest_slot is not None else -1
        day = newest // SLOTS_PER_DAY
        today: bytes = pa.compress(_by_byte(self._ring[:, _days_part(day)]), codec="lz4_raw", asbytes=True)
        return struct.pack(_HEAD, VERSION, newest, len(today)) + today + self._days_before(day)

    def _days_before(self, day: int) -> bytes:
        """All slots but those of a UTC day, which is the newest one; compressed."""
        if self._packed_days is None or self._packed_days[0] != day:
            ring = self._ring.copy()
            ring[:, _days_part(day)] = _MISSING
            codec = pa.Codec("zstd", compression_level=ZSTD_LEVEL)
            self._packed_days = day, codec.compress(_by_byte(ring), asbytes=True)
        return self._packed_days[1]

    @classmethod
    def from_bytes(cls, state: bytes, going: GoingSlot | None = None) -> Self:
        """The history that `to_bytes` wrote.

        Args:
            state: The bytes.
            going: The slot that was being observed then.

        Raises:
            HistoryRejectedError: The bytes are damaged or of another version.
        """
        if not state or state[0] != VERSION:
            raise HistoryRejectedError("another version")
        self = cls()
        try:
            _, newest, size = struct.unpack_from(_HEAD, state)
            packed = state[_HEAD_BYTES:]
            self._ring = _unpacked(packed[size:], "zstd", self._ring.nbytes)
            self._ring[:, _days_part(newest // SLOTS_PER_DAY)] = _unpacked(
                packed[:size], "lz4_raw", _DAY_BYTES
            )
        except (OSError, ValueError, struct.error) as error:
            raise HistoryRejectedError(str(error)) from error
        if newest >= 0:
            self._newest_slot, self._newest_s = newest, (newest + 1) * float(SLOT_S)
        if going is not None:
            self._open, self._newest_s = going, going.newest_s
        return self

    def _close(self) -> None:
        """Write the slot that was going on; slots without readings between it and the newest are unknown."""
        going = self._open
        if going is None:
            return
        newest = self._newest_slot
        skipped = KEPT_SLOTS if newest is None else min(going.number - newest, KEPT_SLOTS)
        if skipped > 1:
            self._ring[:, (going.number - np.arange(skipped)) % KEPT_SLOTS] = _MISSING
        values = [going.setpoint_c if name == "setpoint_c" else going.mean(name) for name in COLUMNS]
        self._ring[:, going.number % KEPT_SLOTS] = [
            _encoded(name, value) for name, value in zip(COLUMNS, values, strict=True)
        ]
        self._newest_slot = going.number


def flawed(indoor_c: Floats, load_ratio: Floats) -> npt.NDArray[np.bool_]:
    """Where the indoor sensor sticks or jumps, (n,).

    Stuck: one value for longer than `STUCK_SLOTS` (four times that for a sensor that reports coarsely)
    while the load changes. Jumped: `JUMP_K` from slot to slot; then what follows, until it jumps back, is
    left out.
    """
    known = np.flatnonzero(~np.isnan(indoor_c))
    bad = np.zeros(len(indoor_c), np.bool_)
    if not len(known):
        return bad
    values = indoor_c[known]
    change_k = np.diff(values)
    for jump in np.flatnonzero(np.abs(change_k) > JUMP_K).tolist():
        if not bad[known[jump]]:  # else it is on its way back
            bad[known[jump + 1 : jump + 1 + _until_back(values, jump)]] = True
    moved = np.abs(change_k) > _SCALES["indoor_c"] / 2
    coarse = np.mean(np.abs(change_k[moved]) >= COARSE_K - 0.02) if moved.any() else 0.0
    longest = STUCK_SLOTS * (4 if coarse >= COARSE_SHARE else 1)
    edges = np.concatenate([[0], np.flatnonzero(moved) + 1, [len(values)]])
    for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        stretch = known[start:end]
        load = load_ratio[stretch][~np.isnan(load_ratio[stretch])]
        if len(stretch) > longest and (not len(load) or load.std() > MOVING_LOAD):
            bad[stretch] = True
    return bad


def _until_back(values: Floats, jump: int) -> int:
    """Slots after a jump until the temperature is near to what it was, at most `_JUMP_SLOTS`."""
    after = np.abs(values[jump + 1 : jump + 1 + _JUMP_SLOTS] - values[jump])
    back = np.flatnonzero(after < JUMP_K / 2)
    return int(back[0]) if len(back) else len(after)


def _days_part(day: int) -> slice:
    """Where a UTC day stands in the ring."""
    start = day * SLOTS_PER_DAY % KEPT_SLOTS
    return slice(start, start + SLOTS_PER_DAY)


def _by_byte(codes: npt.NDArray[np.int16]) -> bytes:
    """Differences by column, all low bytes before all high ones: they pack well."""
    steps = codes.copy()
    steps[:, 1:] -= codes[:, :-1]
    return steps.view(np.uint8).reshape(-1, 2).T.tobytes()


def _unpacked(packed: bytes, codec: str, plain_bytes: int) -> npt.NDArray[np.int16]:
    """What `_by_byte` was given, from its bytes as compressed."""
    plain: bytes = pa.decompress(packed, plain_bytes, codec=codec, asbytes=True)
    pairs = np.frombuffer(plain, np.uint8).reshape(2, -1).T
    steps = np.frombuffer(pairs.tobytes(), np.int16).reshape(len(COLUMNS), -1)
    return np.cumsum(steps, axis=1, dtype=np.int16)


def _setpoint_c(reading: Telemetry) -> float:
    if reading.mode == "off":
        return OFF_C
    return reading.setpoint_c if reading.mode == "cool" and reading.setpoint_c is not None else math.nan


def _encoded(name: str, value: float) -> int:
    if math.isnan(value):
        return _MISSING
    if name == "power_w":
        return round(math.log1p(max(value, 0.0) / _POWER_FLOOR_W) / _POWER_STEP)
    return max(min(round(value / _SCALES[name]), 2**15 - 1), -(2**15) + 1)


def _decoded(name: str, codes: npt.NDArray[np.int16]) -> Floats:
    values = codes.astype(np.float64)
    values = np.expm1(values * _POWER_STEP) * _POWER_FLOOR_W if name == "power_w" else values * _SCALES[name]
    return np.where(codes == _MISSING, math.nan, values)
