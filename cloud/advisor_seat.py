"""The seat of a `HomeAdvisor`: made when the habit is known, kept through restarts and new champions."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

import structlog

from cloud.advice import Advice, Feedback, Installation, Preferences
from cloud.errors import RejectedError
from cloud.ports.weather import WeatherHour
from cloud.serving import Profile
from edge.contract import Telemetry

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class HomeAdvisorLike(Protocol):
    """What the worker needs of `cloud.advisor.HomeAdvisor`."""

    @property
    def needs_advice(self) -> bool:
        """Whether something has happened that makes the last advice wrong."""
        ...

    def observe(self, reading: Telemetry, /) -> None:
        """Learn from a reading."""
        ...

    def forecast(self, hours: Sequence[WeatherHour], /) -> None:
        """Hear the weather forecast."""
        ...

    def record(self, feedback: Feedback, /) -> None:
        """Hear what a person said."""
        ...

    def configure(self, preferences: Preferences, /) -> None:
        """Hear what the people want."""
        ...

    def state(self) -> bytes:
        """Everything that was learnt."""
        ...


class Advisors(Protocol):
    """A champion: it makes the advisors of homes."""

    @property
    def version(self) -> str:
        """The champion's version."""
        ...

    def make(self, installation: Installation) -> HomeAdvisorLike:
        """An advisor that knows nothing of the home yet."""
        ...

    def restore(self, installation: Installation, state: bytes) -> HomeAdvisorLike:
        """An advisor that has learnt what another (of any champion) had learnt.

        Raises:
            RejectedError: The state is damaged or of another version of the program.
        """
        ...

    def advise_all(self, cases: Sequence[tuple[HomeAdvisorLike, datetime]]) -> Sequence[Advice | None]:
        """What to do in some homes, each from its own instant on; None where it cannot be told yet.

        Together, because the models cost hardly more for many homes than for one. The advisors are its own.
        """
        ...


@dataclass(slots=True)
class Seat:
    """The place of a device's advisor.

    Attributes:
        profile: The device as its people have set it up.
        advisors: The champion.
        habit_setpoint_c: The first setpoint seen [°C]; counts when nobody told us the habit.
        advisor: The advisor; None until the habit is known.
    """

    profile: Profile
    advisors: Advisors
    habit_setpoint_c: float | None = None
    advisor: HomeAdvisorLike | None = field(init=False, default=None)

    @property
    def habit_c(self) -> float:
        """The habit that the advisor starts from [°C]."""
        return self._installation().habit_setpoint_c

    def observe(self, reading: Telemetry) -> None:
        """Let the advisor learn from a reading, and begin with the first that shows a habit."""
        if self.advisor is None:
            self.habit_setpoint_c = self.habit_setpoint_c or reading.setpoint_c
            if self.habit_setpoint_c is None and not self.profile.habit_told:
                return
            self._sit(self.advisors.make(self._installation()))
        if self.advisor is not None:
            self.advisor.observe(reading)

    def set_up(self, profile: Profile) -> None:
        """Follow a change of what the people have set up."""
        moved = profile.installation != self.profile.installation
        self.profile = profile
        if self.advisor is not None and moved:
            self._sit(self.advisors.restore(self._installation(), self.advisor.state()))
        elif self.advisor is not None:
            self.advisor.configure(profile.preferences)

    def change_champion(self, advisors: Advisors) -> None:
        """Go on with another champion, keeping what was learnt of the home."""
        self.advisors = advisors
        if self.advisor is not None:
            self._sit(advisors.restore(self._installation(), self.advisor.state()))

    def double(self, advisors: Advisors) -> HomeAdvisorLike | None:
        """What another champion would have in this place now: to be asked once, and forgotten.

        Raises:
            RejectedError: It cannot go on from what was learnt.
        """
        if self.advisor is None:
            return None
        double = advisors.restore(self._installation(), self.advisor.state())
        double.configure(self.profile.preferences)
        return double

    def dump(self) -> str | None:
        """What the advisor has learnt, base64."""
        return None if self.advisor is None else base64.b64encode(self.advisor.state()).decode()

    def load(self, dumped: str | None) -> None:
        """Go on with what `dump` gave; what this version cannot read is learnt anew."""
        state = state_of(dumped)
        if state is None:
            return
        try:
            self._sit(self.advisors.restore(self._installation(), state))
        except RejectedError as error:
            log.warning("advisor_state_refused", device_id=self.profile.device_id, reason=str(error))

    def _sit(self, advisor: HomeAdvisorLike) -> None:
        advisor.configure(self.profile.preferences)
        self.advisor = advisor

    def _installation(self) -> Installation:
        if self.profile.habit_told or self.habit_setpoint_c is None:
            return self.profile.installation
        return replace(self.profile.installation, habit_setpoint_c=self.habit_setpoint_c)


def state_of(dumped: str | None) -> bytes | None:
    """The advisor's state in what `Seat.dump` gave."""
    return None if dumped is None else base64.b64decode(dumped)
