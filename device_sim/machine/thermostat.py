"""Thermostats: the devices' firmware, which decides between the schedule, people and advice.

Three layers, the upper one wins: advice with its expiry, what a person chose until the next schedule point,
the home's own schedule. A person's change clears the advice, and advice that arrives while the change
holds is answered but not obeyed. A command is obeyed once: when it comes again it is only answered.
"""

from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from device_sim.noise import Floats
from edge.contract import ChangedBy, Desired, Fan, Mode, Reported

SETPOINT_RANGE_C = (16.0, 30.0)
"""What the machines accept [°C]; a setpoint beyond is cut to it, and its resolution is 0.1 K."""

SHORTEST_HOLD_S = 2 * 3600
"""A person's change holds at least so long [s]: the wire contract."""

CHANGED_BY: tuple[ChangedBy, ...] = ("schedule", "remote", "app", "voice", "advisor", "unknown")
"""Codes of the column `changed_by`."""

_CODE = {name: code for code, name in enumerate(CHANGED_BY)}

ADVISED = _CODE["advisor"]
"""The code of a setting that is our advice."""

REMOTE = _CODE["remote"]
"""The code of a setting that was made at the unit."""

_SCHEDULE = _CODE["schedule"]

_FOR_EVER_S = 2**62


@dataclass(slots=True)
class _Layer:
    """A choice that may be in force; arrays are `(homes,)`. Nothing is chosen where `until_s` is 0."""

    setpoint_c: Floats
    off: NDArray[np.bool_]
    by: NDArray[np.int8]
    until_s: NDArray[np.int64]

    @classmethod
    def empty(cls, homes: int) -> "_Layer":
        return cls(
            np.full(homes, np.nan),
            np.zeros(homes, dtype=np.bool_),
            np.zeros(homes, dtype=np.int8),
            np.zeros(homes, dtype=np.int64),
        )

    def choose(self, home: int, choice: "_Choice", until_s: int) -> None:
        self.setpoint_c[home] = choice.setpoint_c
        self.off[home] = choice.off
        self.by[home] = choice.by
        self.until_s[home] = until_s

    def lapse(self, now_s: int) -> NDArray[np.bool_]:
        """End what is over; returns where."""
        over: NDArray[np.bool_] = (self.until_s != 0) & (self.until_s <= now_s)
        self.until_s[over] = 0
        return over


@dataclass(frozen=True, slots=True)
class _Choice:
    setpoint_c: float
    off: bool
    by: int


@dataclass(slots=True)
class Thermostats:
    """The firmware of all devices; arrays are `(homes,)`.

    What is in force is worked out when somebody asks, once after any number of commands.

    Attributes:
        habit_c: Setpoint of the home's schedule now [°C].
        manual_until_s: Until when people have switched advice off (epoch seconds); 0 = they have not.
    """

    habit_c: Floats
    manual_until_s: NDArray[np.int64] = field(init=False)
    _setpoint_c: Floats = field(init=False)
    _cooling: NDArray[np.bool_] = field(init=False)
    _changed_by: NDArray[np.int8] = field(init=False)
    _settled: bool = field(init=False, default=True)
    _person: _Layer = field(init=False)
    _advice: _Layer = field(init=False)
    _fans: list[Fan] = field(init=False)
    _advice_ids: list[str | None] = field(init=False)
    _command_ids: list[str | None] = field(init=False)
    _changed: set[int] = field(init=False)
    _texts: tuple[tuple[Fan, ...], tuple[str | None, ...]] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        homes = len(self.habit_c)
        self._person, self._advice = _Layer.empty(homes), _Layer.empty(homes)
        self._fans = ["auto"] * homes
        self._advice_ids, self._command_ids = [None] * homes, [None] * homes
        self._setpoint_c = self.habit_c.copy()
        self._cooling = np.ones(homes, dtype=np.bool_)
        self._changed_by = np.zeros(homes, dtype=np.int8)
        self.manual_until_s = np.zeros(homes, dtype=np.int64)
        self._changed = set(range(homes))

    @property
    def setpoint_c(self) -> Floats:
        """Setpoint in force [°C]; kept while the machine is off."""
        self._settle()
        return self._setpoint_c

    @property
    def cooling(self) -> NDArray[np.bool_]:
        """Whether the mode is `cool` (otherwise `off`)."""
        self._settle()
        return self._cooling

    @property
    def changed_by(self) -> NDArray[np.int8]:
        """Who chose that, as a code of `CHANGED_BY`."""
        self._settle()
        return self._changed_by

    def keep_time(self, now_s: int, habit_c: Floats) -> None:
        """End what has expired at `now_s` (epoch seconds), and follow the schedule."""
        expired, over = self._advice.lapse(now_s), self._person.lapse(now_s)
        for home in np.flatnonzero(expired):
            self._advice_ids[home] = None
            self._texts = None
        if habit_c is not self.habit_c or expired.any() or over.any():
            self.habit_c = habit_c
            self._settled = False

    def obey(self, home: int, desired: Desired, now_s: int, next_point_s: int) -> None:
        """Take a command from the network.

        Args:
            home: Index of the device.
            desired: The command, whole.
            now_s: Now (epoch seconds).
            next_point_s: The next schedule point (epoch seconds).
        """
        self._changed.add(home)  # it answers in any case
        repeated = desired.command_id is not None and desired.command_id == self._command_ids[home]
        self._command_ids[home] = desired.command_id
        if repeated or self._expired(desired, now_s) or desired.mode not in {None, "cool", "off"}:
            return
        if desired.requested_by in {"app", "voice"}:
            self._obey_person(home, desired, now_s, next_point_s)
        elif not self.held_by_person(home) and not self._refuses(home, desired, now_s):
            self._obey_advice(home, desired, next_point_s)
        self._settled = False

    def take_remote(self, acts: NDArray[np.bool_], setpoint_c: Floats, now_s: int, next_point_s: int) -> None:
        """People at the unit set `setpoint_c` where `acts`; it wins over everything."""
        until_s = max(next_point_s, now_s + SHORTEST_HOLD_S)
        for home in np.flatnonzero(acts):
            choice = _Choice(_accepted_c(float(setpoint_c[home])), off=False, by=REMOTE)
            self._person.choose(int(home), choice, until_s)
            self._withdraw_advice(int(home))
        self._settled = False

    def forget(self, homes: NDArray[np.int64]) -> None:
        """Devices that start anew: what people and advice chose is lost, and the schedule applies."""
        self._person.until_s[homes] = 0
        self._advice.until_s[homes] = 0
        for home in homes.tolist():
            self._fans[home] = "auto"
            self._advice_ids[home] = self._command_ids[home] = None
        self._texts = None
        self._changed.update(homes.tolist())
        self._settled = False

    def switch_to_manual(self, until_s: NDArray[np.int64]) -> None:
        """People switch advice off until then (epoch seconds) where it is not 0; what is in force ends."""
        for home in np.flatnonzero(until_s):
            self.manual_until_s[home] = until_s[home]
            self._withdraw_advice(int(home))
        self._settled = False

    def held_by_person(self, home: int) -> bool:
        """Whether a change by a person is in force, so that advice has to wait."""
        return bool(self._person.until_s[home]) and self._person.by[home] != _SCHEDULE

    def reported(self, home: int) -> Reported:
        """What the device confirms."""
        mode: Mode = "cool" if self.cooling[home] else "off"
        return Reported(
            setpoint_c=round(float(self.setpoint_c[home]), 1) if mode == "cool" else None,
            mode=mode,
            fan=self._fans[home],
            changed_by=CHANGED_BY[self.changed_by[home]],
            advice_id=self._advice_ids[home],
            command_id=self._command_ids[home],
        )

    def texts(self) -> tuple[tuple[Fan, ...], tuple[str | None, ...]]:
        """The fan's setting and the advice in force, by home."""
        if self._texts is None:
            self._texts = tuple(self._fans), tuple(self._advice_ids)
        return self._texts

    def take_changed(self) -> list[int]:
        """Devices whose report has changed since the last call."""
        self._settle()
        changed = sorted(self._changed)
        self._changed.clear()
        return changed

    def _refuses(self, home: int, desired: Desired, now_s: int) -> bool:
        """Whether people have switched advice off; the home's schedule is none."""
        return desired.requested_by == "advisor" and now_s < int(self.manual_until_s[home])

    def _expired(self, desired: Desired, now_s: int) -> bool:
        return desired.expires_at is not None and desired.expires_at.timestamp() <= now_s

    def _obey_person(self, home: int, desired: Desired, now_s: int, next_point_s: int) -> None:
        """App and voice speak for a person; without an end of its own it holds like a change at the unit."""
        until_s = max(next_point_s, now_s + SHORTEST_HOLD_S)
        choice = self._choice(home, desired)
        self._withdraw_advice(home)
        self._person.choose(home, choice, _until_s(desired.expires_at, until_s))
        self._label(home, desired)

    def _obey_advice(self, home: int, desired: Desired, next_point_s: int) -> None:
        """Advice holds until it expires, and without an end until the next schedule point."""
        self._withdraw_advice(home)
        if desired.setpoint_c is None and desired.mode is None and desired.fan is None:
            return  # nothing is wanted any more
        choice = self._choice(home, desired)
        layer, other_end_s = (self._advice, next_point_s)
        if desired.requested_by == "schedule":
            layer, other_end_s = (self._person, _FOR_EVER_S)
        layer.choose(home, choice, _until_s(desired.expires_at, other_end_s))
        self._label(home, desired)

    def _choice(self, home: int, desired: Desired) -> _Choice:
        off = not self.cooling[home] if desired.mode is None else desired.mode == "off"
        if desired.mode is None and desired.setpoint_c is not None:
            off = False
        given = desired.setpoint_c
        setpoint_c = float(self.setpoint_c[home]) if given is None else _accepted_c(given)
        return _Choice(setpoint_c, off, _CODE[desired.requested_by or "unknown"])

    def _label(self, home: int, desired: Desired) -> None:
        self._advice_ids[home] = desired.advice_id
        self._fans[home] = desired.fan or self._fans[home]
        self._texts = None

    def _withdraw_advice(self, home: int) -> None:
        self._advice.until_s[home] = 0
        self._advice_ids[home] = None
        self._texts = None
        self._changed.add(home)

    def _settle(self) -> None:
        """Work out what is in force, in new arrays: readings keep the old ones."""
        if self._settled:
            return
        self._settled = True
        advised, chosen = self._advice.until_s != 0, self._person.until_s != 0
        setpoint_c = np.where(chosen, self._person.setpoint_c, self.habit_c)
        setpoint_c = np.where(advised, self._advice.setpoint_c, setpoint_c)
        off = np.where(advised, self._advice.off, chosen & self._person.off)
        by = np.where(advised, self._advice.by, np.where(chosen, self._person.by, _SCHEDULE)).astype(np.int8)
        differs = (setpoint_c != self._setpoint_c) | (off == self._cooling) | (by != self._changed_by)
        if differs.any():
            self._changed.update(np.flatnonzero(differs).tolist())
            self._setpoint_c, self._cooling, self._changed_by = setpoint_c, ~off, by


def _until_s(expires_at: datetime | None, otherwise_s: int) -> int:
    return otherwise_s if expires_at is None else int(expires_at.timestamp())


def _accepted_c(setpoint_c: float) -> float:
    low, high = SETPOINT_RANGE_C
    return round(min(max(setpoint_c, low), high), 1)
