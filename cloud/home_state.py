"""Home state: everything the advisor remembers of one home, and its bytes."""

from dataclasses import dataclass, field
from typing import Any

import msgspec
import pyarrow as pa

from cloud.advice import Preferences
from cloud.comfort import ComfortLimit
from cloud.day_errors import DayErrors
from cloud.errors import RejectedError
from cloud.felt import Felt
from cloud.habit import Habit
from cloud.hours import HourlyHistory
from cloud.ports.weather import WeatherHour
from cloud.presence import Presence
from cloud.recovery import Recovery
from cloud.sag import Sag
from cloud.slot_summary import Author, OpenSlot
from cloud.thermal.grey_box import GreyBox
from cloud.thermal.history import GoingSlot, HistoryRejectedError, ThermalHistory
from cloud.tolerance import Tolerance
from cloud.yesterday import Yesterday
from edge.contract import Mode

VERSION = 4
"""Layout of the bytes."""

MAX_DOCUMENT_BYTES = 2**20
"""Some forty times what a home takes before compression; bytes that claim to be more are damaged."""

_CODEC, _SIZE_BYTES = "lz4_raw", 4
"""A state is written at every decision: its numbers are written as they are (MessagePack) and packed by the
quickest codec, and the slots of days before were packed when the day began."""


class StateRejectedError(RejectedError):
    """The bytes are no state of this version: start anew."""

    def __init__(self, why: str) -> None:
        super().__init__(f"no advisor state of version {VERSION}: {why}")


@dataclass(slots=True)
class Given:
    """The advice given last.

    Attributes:
        at_s: When [s since 1970].
        until_s: When it ends.
        setpoint_c: What it asked for [°C]; None = not cooling.
        set_back_k: How much of that is for an empty home [K].
        recovered_s: When the last set-back ended; None when none was ever made.
        mode: What it asked the device to do.
    """

    at_s: float
    until_s: float
    setpoint_c: float | None
    set_back_k: float = 0.0
    recovered_s: float | None = None
    mode: Mode = "cool"


@dataclass(slots=True)
class Watch:
    """What was seen last.

    Attributes:
        first_s: The first reading [s since 1970].
        newest_s: The newest reading.
        mode: In force; None before the first reading.
        setpoint_c: In force [°C]; None when the mode has none.
        author: Who chose that.
        changed_s: Since when that has been in force.
        indoor_c: The newest indoor temperature [°C].
        indoor_s: When that was.
        outdoor_c: The newest outdoor temperature [°C].
        indoor_rh_pct: The newest indoor humidity [%].
        held_until_s: Until when a person's word stands.
        changes_s: When our advice last changed the setpoint, the newest last.
        mishaps: Local days on which a set-back was noticed, the newest last.
        warm_said_s: When somebody last said "a bit warm", the newest last.
    """

    first_s: float | None = None
    newest_s: float | None = None
    mode: Mode | None = None
    setpoint_c: float | None = None
    author: Author = "habit"
    changed_s: float = 0.0
    indoor_c: float | None = None
    indoor_s: float = 0.0
    outdoor_c: float | None = None
    indoor_rh_pct: float | None = None
    held_until_s: float = 0.0
    changes_s: list[float] = field(default_factory=list[float])
    mishaps: list[int] = field(default_factory=list[int])
    warm_said_s: list[float] = field(default_factory=list[float])


@dataclass(slots=True)
class HomeState:
    """All of it but the two histories, which `cloud.hours` and `cloud.thermal.history` keep themselves."""

    habit: Habit
    presence: Presence = field(default_factory=Presence)
    recovery: Recovery = field(default_factory=Recovery)
    tolerance: Tolerance = field(default_factory=Tolerance)
    sag: Sag = field(default_factory=Sag)
    felt: Felt = field(default_factory=Felt)
    warmth: Sag = field(default_factory=Sag)
    watch: Watch = field(default_factory=Watch)
    given: Given | None = None
    open_slot: OpenSlot | None = None
    preferences: Preferences = field(default_factory=Preferences)
    forecast: list[WeatherHour] = field(default_factory=list[WeatherHour])
    grey_box: GreyBox = field(default_factory=GreyBox)
    day_errors: DayErrors = field(default_factory=DayErrors)
    yesterday: Yesterday = field(default_factory=Yesterday)


class _Stored(msgspec.Struct, forbid_unknown_fields=True):
    version: int
    home: HomeState
    hours: bytes
    thermal: bytes
    going: GoingSlot | None


def dump(home: HomeState, hours: HourlyHistory, thermal: ThermalHistory) -> bytes:
    """The bytes of a home's state and of its histories."""
    stored = _Stored(VERSION, home, hours.to_bytes(), thermal.to_bytes(), thermal.going)
    document = msgspec.msgpack.encode(stored, enc_hook=_pack)
    packed: bytes = pa.compress(document, codec=_CODEC, asbytes=True)
    return len(document).to_bytes(_SIZE_BYTES, "little") + packed


def load(state: bytes) -> tuple[HomeState, HourlyHistory, ThermalHistory]:
    """What `dump` was given.

    Raises:
        StateRejectedError: The bytes are damaged or of another version.
    """
    try:
        stored = msgspec.msgpack.decode(_document(state), type=_Stored, dec_hook=_unpack)
        if stored.version != VERSION:
            raise StateRejectedError(f"it is of version {stored.version}")
        thermal = ThermalHistory.from_bytes(stored.thermal, stored.going)
        return stored.home, HourlyHistory.from_bytes(stored.hours), thermal
    except HistoryRejectedError as error:
        raise StateRejectedError(str(error)) from error
    except (msgspec.MsgspecError, OSError, ValueError, KeyError, TypeError) as error:
        raise StateRejectedError(str(error)) from error


def _pack(part: object) -> object:
    """What MessagePack cannot write itself."""
    if isinstance(part, ComfortLimit):
        return part.packed()
    raise TypeError(type(part))


def _unpack(kind: type, packed: Any) -> object:  # noqa: ANN401 (what was read, of any type)
    """What `_pack` was given."""
    if kind is ComfortLimit:
        return ComfortLimit.unpacked(packed)
    raise TypeError(kind)


def _document(state: bytes) -> bytes:
    size = int.from_bytes(state[:_SIZE_BYTES], "little")
    if size > MAX_DOCUMENT_BYTES:
        raise ValueError("damaged")
    document: bytes = pa.decompress(state[_SIZE_BYTES:], size, codec=_CODEC, asbytes=True)
    return document
