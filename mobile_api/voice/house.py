"""The port of voice: what a person's assistant may see and do in their homes.

Handlers of both vendors ask it and nothing else, so they are pure: a message in, a message out. It speaks for
one person, of their homes only, and waits for the read-back of what it asked, but not for long.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Protocol, TypeAlias

from cloud.ports.records import Autonomy
from edge.contract import ChangedBy, Fan, Mode
from mobile_api.recommendations import Reason, RecommendationView
from mobile_api.savings import SavingsView

MIN_SETPOINT_C: Final = 5.0
MAX_SETPOINT_C: Final = 35.0
"""What the wire contract lets anybody ask of a device [Cel]."""

EVERY_MODE: Final[frozenset[Mode]] = frozenset({"off", "cool", "heat", "dry", "fan", "auto"})

Outcome: TypeAlias = Literal["confirmed", "sent", "rejected"]
"""`confirmed` by read-back; `sent`: nothing is certain yet; `rejected` by the site."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a device is asked to do; None leaves a thing as it is.

    Attributes:
        mode: The mode.
        setpoint_c: The setpoint [Cel].
        fan: The fan.
        until: When it goes back (UTC); None: at the next schedule point.
    """

    mode: Mode | None = None
    setpoint_c: float | None = None
    fan: Fan | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Aircon:
    """A device as far as it is known; what is not known is None.

    Attributes:
        device_id: Its id.
        name: What its people call it; may be empty.
        now: What time it is for the device (UTC).
        timezone: Of its home, an IANA name.
        is_online: Whether it is heard.
        sampled_at: When it was heard last (UTC).
        interval_s: How often it reports [s].
        mode: What it does.
        setpoint_c: The setpoint in force [Cel].
        resting_setpoint_c: What it held last, or is usually set to, while none is in force [Cel].
        fan: The fan.
        indoor_c: Air temperature [Cel].
        indoor_rh_pct: Relative humidity, 0..100.
        changed_by: Who set what is in force.
        follows_advice: Whether what is in force is advice.
        autonomy: How far advice may go.
        advice: What is advised now.
        modes: What it can do.
    """

    device_id: str
    name: str
    now: datetime
    timezone: str = "UTC"
    is_online: bool = False
    sampled_at: datetime | None = None
    interval_s: float = 300.0
    mode: Mode | None = None
    setpoint_c: float | None = None
    resting_setpoint_c: float | None = None
    fan: Fan | None = None
    indoor_c: float | None = None
    indoor_rh_pct: float | None = None
    changed_by: ChangedBy | None = None
    follows_advice: bool = False
    autonomy: Autonomy = "suggest"
    advice: RecommendationView | None = None
    modes: frozenset[Mode] = EVERY_MODE


class House(Protocol):
    """The homes of one person, as far as their token reaches.

    Every method raises:
        ForbiddenError: Not for this token, or not for this person's role.
        NotFoundError: There is no such device among theirs (not `aircons`).
        UnavailableError: A store does not answer.
    """

    @property
    def account_id(self) -> str:
        """Whose they are."""
        ...

    @property
    def session_id(self) -> str:
        """By which sign-in they are seen."""
        ...

    def aircons(self) -> list[Aircon]:
        """All devices, by home and id."""
        ...

    def aircon(self, device_id: str) -> Aircon:
        """One device as it is now."""
        ...

    def command(self, device_id: str, wanted: Wanted) -> Outcome:
        """Ask something of a device, in the name of its person's voice, and wait for the read-back."""
        ...

    def accept(self, device_id: str, advice_id: str) -> Outcome:
        """Accept advice and wait until it is in force.

        Raises:
            StateConflictError: It has expired, or nothing may be carried out.
        """
        ...

    def feel(self, device_id: str, kind: Reason) -> None:
        """Say how it feels."""
        ...

    def savings(self, device_id: str) -> SavingsView:
        """What advice has saved in the last four weeks, or why that is not known."""
        ...


OpenHouse: TypeAlias = Callable[[str], House]
"""The homes that an access token opens; raises `UnauthenticatedError` when it opens none."""
