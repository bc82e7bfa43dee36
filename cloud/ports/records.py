"""Records: what the API and the advisor say to each other through the serving state.

Each record knows its key. The API reads advice and appends to the inbox; the advisor alone writes advice.
"""

from datetime import date, datetime
from functools import cache
from typing import Annotated, Any, Literal, TypeAlias
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from edge.contract import DeviceId, Fan, Mode, RequestedBy

Autonomy: TypeAlias = Literal["observe", "suggest", "one_tap", "auto"]
"""`observe`: nothing is done, nothing can be accepted. `suggest`: an advice that is accepted is carried out.
`one_tap`: who accepts one lets the advisor go on until the next schedule point. `auto`: it acts by itself."""

Priority: TypeAlias = Literal["comfort", "balanced", "savings"]
FeedbackKind: TypeAlias = Literal[
    "accepted",
    "dismissed",
    "undone",
    "too_hot",
    "a_bit_warm",
    "a_bit_cool",
    "too_cold",
    "not_home",
    "left_home",
    "came_home",
]
AdviceStatus: TypeAlias = Literal["offered", "accepted", "applied", "dismissed", "undone", "expired"]


Weekday: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

LocalTime: TypeAlias = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
"""`07:30` by the clock on the wall."""

HourlyPrices: TypeAlias = Annotated[
    tuple[Annotated[float, Field(ge=0, le=1000)], ...], Field(min_length=24, max_length=24)
]
"""Price of each local hour of the day [currency/kWh]."""

_timezones = cache(available_timezones)  # it walks the whole zone database, some 10 ms


def _known_timezone(name: str) -> str:
    if name not in _timezones():
        msg = f"no IANA time zone {name!r}"
        raise ValueError(msg)
    return name


class Record(BaseModel):
    """A frozen, strict record; JSON in the store."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class HomeRecord(Record):
    """A home: where it is and who may act in it. Key `home#{home_id}` / `home`."""

    home_id: str
    owner_id: str
    name: str = Field(min_length=1, max_length=100)
    latitude_deg: float = Field(ge=-90, le=90)
    longitude_deg: float = Field(ge=-180, le=180)
    timezone: Annotated[str, AfterValidator(_known_timezone)]
    currency: str = Field("EUR", pattern=r"^[A-Z]{3}$")
    tariff_per_kwh: float = Field(0.30, ge=0, description="Flat price in `currency` per kWh.")
    tariff_by_hour: HourlyPrices | None = None
    share_presence: bool = Field(default=False, description="Consent: `motion` may leave the site.")
    share_phone_presence: bool = Field(
        default=False, description="Consent: phones say whether somebody is home, and advice goes by it."
    )
    measure_savings: bool = Field(
        default=False, description="Consent: on some days, by lot, nothing is advised, to measure savings."
    )
    away_until: datetime | None = None


class QuietHoursRecord(Record):
    """Local times of the day between which the device must not beep; may wrap midnight."""

    start: LocalTime
    end: LocalTime


class PreferencesRecord(Record):
    """What the people of a device want. Key `device#{device_id}` / `preferences`."""

    autonomy: Autonomy = "suggest"
    comfort_or_savings: Priority = "comfort"
    min_setpoint_c: float = Field(16.0, ge=5, le=35)
    max_setpoint_c: float = Field(30.0, ge=5, le=35)
    quiet_hours: QuietHoursRecord | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_older(cls, stored: Any) -> Any:  # noqa: ANN401 (JSON, as it was stored)
        """Until the words came, a number from 0 to 1000 said how much comfort weighs."""
        if not isinstance(stored, dict) or "comfort_lambda" not in stored:
            return stored
        weight = stored["comfort_lambda"]
        word = "comfort" if weight > 15 else "balanced" if weight > 7.5 else "savings"  # noqa: PLR2004 (midway)
        return {key: stored[key] for key in stored if key != "comfort_lambda"} | {"comfort_or_savings": word}


class ScheduleEntry(Record):
    """On some weekdays at a local time, a device is set like this."""

    days: tuple[Weekday, ...] = Field(min_length=1, max_length=7)
    at: LocalTime
    mode: Mode = "cool"
    setpoint_c: float | None = Field(None, ge=5, le=35)


class ScheduleRecord(Record):
    """The week of a device. Key `device#{device_id}` / `schedule`."""

    entries: tuple[ScheduleEntry, ...] = ()

    def at_minutes(self) -> dict[int, ScheduleEntry]:
        """The entry of each local minute of the week, counted from Monday 00:00, ascending."""
        found = {
            WEEKDAYS.index(day) * 1440 + int(entry.at[:2]) * 60 + int(entry.at[3:]): entry
            for entry in self.entries
            for day in entry.days
        }
        return dict(sorted(found.items()))


class DeviceRecord(Record):
    """A device, known to the broker and perhaps in a home. Key `device#{device_id}` / `device`."""

    device_id: DeviceId
    gateway_id: DeviceId | None = None
    home_id: str | None = None
    name: str = ""
    habit_setpoint_c: float | None = Field(None, description="What its people set it to, if they told us.")
    nameplate_w: float | None = None
    inverter: bool | None = None
    modes: tuple[Mode, ...] | None = Field(
        None,
        min_length=1,
        description="What it can do besides `off`; null: not known, nothing is left out.",
    )
    source: str | None = Field(
        None, description="What its gateway has found it as; without a home it is not let in yet."
    )


class GatewayRecord(Record):
    """A gateway, known to the broker and perhaps in a home. Key `gateway#{gateway_id}` / `gateway`."""

    gateway_id: DeviceId
    home_id: str | None = None


class ClaimRecord(Record):
    """A claim code shown by a device or gateway. Key `claim_pk(code)` / `claim`.

    The device has one code at a time; which one is at `CLAIMS_PK` / its id.
    """

    code: str
    device_id: DeviceId
    kind: Literal["device", "gateway"] = "device"


class Counterfactual(Record):
    """What would happen without the advice."""

    habit_setpoint_c: float | None
    habit_kwh: float
    advised_kwh: float
    until: datetime


class AdviceRecord(Record):
    """The advice now in force or on offer for a device. Key `device#{device_id}` / `advice`.

    The field names are those of the HTTP API; `setpoint_c` None means off.
    """

    advice_id: str
    device_id: DeviceId
    setpoint_c: float | None
    mode: Mode
    fan: Fan | None
    made_at: datetime
    valid_until: datetime
    expected_saving_kwh: float
    saving_interval_kwh: tuple[float, float]
    expected_saving_money: float
    saving_interval_money: tuple[float, float]
    currency: str
    notice_probability: float
    reason: str
    counterfactual: Counterfactual
    status: AdviceStatus
    champion: str = Field(description="Version of the models that made it.")


class InboxEntry(Record):
    """Something a person asked or said. Key `inbox#0` / `{entry_id}`; the advisor consumes it in order.

    `entry_id` sorts by time (`{unix_ms:013d}-{random}`). `kind` `command` carries `command`; the others are
    feedback on `advice_id` (or on the device as such when it is None).
    """

    entry_id: str
    device_id: DeviceId
    at: datetime
    kind: FeedbackKind | Literal["command"]
    advice_id: str | None = None
    command: dict[str, Any] | None = None
    requested_by: RequestedBy = "app"


class DevicePointer(Record):
    """A device that has a home. Key `DEVICES_PK` / `{device_id}`.

    Written and removed in the transaction that claims or releases the device: it is how the advisor finds
    the devices that it looks after.
    """

    home_id: str


class PlanStepRecord(Record):
    """From `at` on, hold `setpoint_c` (None means off)."""

    at: datetime
    setpoint_c: float | None
    mode: Mode


class PlanRecord(Record):
    """The next 24 h as planned with the advice. Key `device#{device_id}` / `plan`."""

    advice_id: str
    made_at: datetime
    steps: tuple[PlanStepRecord, ...]


class AdvisorProgress(Record):
    """How far the advisor worker has come. Key `ADVISOR_PK` / `PROGRESS_SK`.

    When `position` has reached the head of the reading log and `commands_pending` is 0, everything published
    so far has been decided upon and every command has been handed to the shadows.
    """

    position: int = Field(0, description="Readings up to here have been taken into account.")
    replay_from: int = Field(0, description="Where to read again after a crash.")
    watermark: datetime | None = Field(None, description="Newest `sampled_at` taken into account.")
    decisions: int = Field(0, description="How often advice was made or confirmed.")
    advice_served: int = Field(0, description="Distinct pieces of advice (`advice_id`).")
    advice_applied: int = Field(0, description="Of these, those that a device has confirmed.")
    commands_made: int = 0
    commands_sent: int = 0
    commands_pending: int = 0


class Said(Record):
    """What a version said of the 24 h from the first decision of a day on."""

    advised_kwh: float = Field(description="Electricity if its advice is followed [kWh].")
    expected_saving_kwh: float


class DayRecord(Record):
    """A local day of a device that is over. Key `device#{device_id}` / `day#{YYYY-MM-DD}`."""

    device_id: DeviceId
    day: date
    arm: Literal["advised", "habit"] = Field(description="`habit`: a measuring day.")
    version: str = Field(description="Of the models that made the day's last advice; empty without any.")
    measured_h: float = Field(description="Hours with a known power.")
    electric_energy_kwh: float
    overrides: int = Field(description="Setpoints that a person made cooler.")
    warm_words: int = Field(description="Times that a person said that it is too warm, or took advice back.")
    warm_minutes: float = Field(description="Minutes of cooling well above the habit.")
    advised_h: float = Field(0.0, description="Hours in which the device named advice as in force.")
    outdoor_c: float | None = Field(None, description="Mean outdoor temperature, where the device says it.")
    hourly_kwh: tuple[float, ...] = Field((), description="Electricity by local hour of the day, 24 or none.")
    accepted: int = Field(0, description="Pieces of advice that a person accepted.")
    refused: int = Field(0, description="Those that a person dismissed, or took back in the app.")
    decisions: int
    said: dict[str, Said] = Field(description="By version, that which advised and that in the shadow.")


class DesignRecord(Record):
    """One way of drawing measuring days; see `cloud.assignment.Design`."""

    seed: str
    pairs: int = Field(ge=0, le=7)
    since: date


class TrialRecord(Record):
    """A challenger on trial. Key `ADVISOR_PK` / `{TRIAL_PREFIX}{version}`; the advisor's own.

    The one that began last also has the key `TRIAL_SK`.
    """

    version: str
    champion: str = Field(description="Whose place it may take.")
    stage: Literal["shadow", "canary"]
    seed: str = Field(description="Of the lots by which homes are drawn.")
    share_ratio: float = Field(ge=0, le=1, description="Of the homes, in the cohort.")
    since: datetime = Field(description="When the stage began, in the advisor's clock.")
    withdrawn: dict[str, str] = Field(
        {}, description="Kinds of homes in which it is not tried any more, and why."
    )
    ended: str | None = Field(None, description="Why it is not tried anywhere any more.")
    looked: date | None = Field(None, description="The newest day that was judged.")
    reason: str = Field("", description="What became of the trial at that look.")
    seen: dict[str, str] = Field({}, description="What that look saw, by kind of harm.")


class AssignmentRecord(Record):
    """How measuring days are and were drawn. Key `ADVISOR_PK` / `ASSIGNMENT_SK`; only ever added to."""

    designs: tuple[DesignRecord, ...]


INBOX_PK = "inbox#0"
"""Partition of the only advisor worker of one machine."""

OUTBOX_PK = "outbox#0"
"""Commands that are decided and not yet handed to the shadows; the advisor's own."""

ADVISOR_PK = "advisor#0"
PROGRESS_SK = "progress"
TRIAL_SK, TRIAL_PREFIX = "trial", "trial#"
ASSIGNMENT_SK = "assignment"

DAY_PREFIX = "day#"

DEVICES_PK = "devices"
"""Partition of the pointers to all devices that have a home."""


CLAIMS_PK = "claims"
"""Partition of the claim codes now shown, by device or gateway."""

BEHIND = "behind#"
"""Prefix of a gateway's pointers to what is registered behind it."""


def claim_pk(code: str) -> str:
    """Partition of a claim code, however somebody types it: `abcd-2345` is `ABCD2345`."""
    return "claim#" + "".join(each for each in code.upper() if each.isalnum())


def gateway_pk(gateway_id: str) -> str:
    """Partition of a gateway: `gateway`, pointers `behind#{device_id}` to what is registered behind it."""
    return f"gateway#{gateway_id}"


def behind_sk(device_id: str) -> str:
    """Key of the pointer from a gateway to a device that is registered behind it, in a home or not yet."""
    return f"{BEHIND}{device_id}"


def home_pk(home_id: str) -> str:
    """Partition of a home: `home`, pointers `device#{device_id}` and `gateway#{gateway_id}`, its people."""
    return f"home#{home_id}"


def device_pk(device_id: str) -> str:
    """Partition of a device: `device`, `preferences`, `advice`, `advisor_state`."""
    return f"device#{device_id}"
