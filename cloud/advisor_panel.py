"""The panel: champion and challenger side by side, and which of them advises a home.

In the shadow both are asked and the champion's word counts. In the canary each home has one of them; before a
challenger first acts on a home's day the champion is asked beside it. Where a challenger does something wrong
in deciding, the champion decides instead, in the same round: no home waits.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

import structlog

from cloud.advice import Advice
from cloud.advised_device import AdvisedDevice
from cloud.advisor_seat import Advisors, HomeAdvisorLike
from cloud.forecast_desk import ForecastDesk
from cloud.ports.records import TrialRecord
from cloud.rollout.absurd import Pace, Round, absurd
from cloud.rollout.beside import Beside, Pair
from cloud.rollout.cohort import HomePlace, tries
from cloud.serving import Profile

Case: TypeAlias = tuple[AdvisedDevice, datetime]

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(slots=True)
class Trial:
    """A challenger in the advisor's hands.

    Attributes:
        record: As stored.
        advisors: Its models.
        fault: What it did that ends the trial; None so far.
        pace: How slow it is.
        beside: What it says beside the champion.
        left: Homes that were let out of its cohort.
    """

    record: TrialRecord
    advisors: Advisors
    fault: str | None = field(init=False, default=None)
    pace: Pace = field(init=False, default_factory=Pace)
    beside: Beside = field(init=False, default_factory=Beside)
    left: set[str] = field(init=False, default_factory=set[str])

    @property
    def goes_on(self) -> bool:
        """Whether it is still tried."""
        return self.fault is None and self.record.ended is None


@dataclass(slots=True)
class AdvisorPanel:
    """Who advises.

    Attributes:
        champion: Advises every home that the trial does not.
        forecasts: Tell advisors of the weather.
        clock: A clock that never jumps [s].
        trial: What is tried; None when nothing is.
    """

    champion: Advisors
    forecasts: ForecastDesk
    clock: Callable[[], float]
    trial: Trial | None = field(init=False, default=None)

    def of(self, profile: Profile) -> Advisors:
        """Who advises a home now."""
        trial = self.trial
        if trial is None or not trial.goes_on:
            return self.champion
        return trial.advisors if tries(trial.record, HomePlace.of(profile), trial.left) else self.champion

    def try_out(self, trial: Trial | None, devices: Sequence[AdvisedDevice]) -> int:
        """Try a challenger, or none any more; returns how many have another version now."""
        self.trial = trial
        if trial is not None:
            version = trial.record.version
            trial.left |= {device.profile.home_id for device in devices if device.memory.left == version}
        return self.seat(devices)

    def seat(self, devices: Sequence[AdvisedDevice]) -> int:
        """Let each home have the version that it is to have; returns how many have another one now."""
        moved = [device for device in devices if device.advisors is not self.of(device.profile)]
        for device in moved:
            self._let_out(device)
            device.change_champion(self.of(device.profile))
        return len(moved)

    def _let_out(self, device: AdvisedDevice) -> None:
        """Remember the home of a device that has the challenger, and is to have another version."""
        trial = self.trial
        if trial is not None and trial.goes_on and device.advisors is trial.advisors:
            trial.left.add(device.profile.home_id)
            device.leave(trial.record.version)

    def decide(self, cases: Sequence[Case]) -> None:
        """Decide for some devices, each by the version that it has."""
        self.seat([device for device, _ in cases])
        tried = [case for case in cases if case[0].advisors is not self.champion]
        rest = [case for case in cases if case[0].advisors is self.champion]
        usual = Round(len(rest), self._act(self.champion, rest))
        if tried and self.trial is not None:
            self._try_out(self.trial, tried, usual)

    def _act(self, advisors: Advisors, cases: Sequence[Case]) -> float:
        """Decide by the champion; returns the time it took [s]."""
        asked = self._asked(cases)
        if not asked:
            return 0.0
        others = self._shadows(cases)
        began_s = self.clock()
        advice = advisors.advise_all(asked)
        took_s = self.clock() - began_s
        for (device, at), said in zip(cases, advice, strict=True):
            device.decide(said, at, others.get(device.profile.device_id, {}))
        if others and self.trial is not None:
            version = self.trial.record.version
            shadows = {device_id: said[version] for device_id, said in others.items()}
            self._compare(self.trial, shadows, _by_device(cases, advice))
        return took_s

    def _try_out(self, trial: Trial, cases: Sequence[Case], usual: Round) -> None:
        beside = self._beside(trial, cases)
        began_s = self.clock()
        advice = self._answer(trial, self._asked(cases))
        own = Round(len(cases), self.clock() - began_s)
        if advice is not None:
            self._compare(trial, _by_device(cases, advice), beside)
        if trial.pace.is_too_slow(usual, own):
            self._end(trial, "it is many times as slow as the champion")
        if advice is None or not trial.goes_on:  # the champion decides for those homes, from now on
            self.seat([device for device, _ in cases])
            self._act(self.champion, cases)
            return
        for (device, at), said in zip(cases, advice, strict=True):
            device.decide(said, at)

    def _shadows(self, cases: Sequence[Case]) -> Mapping[str, Mapping[str, Advice]]:
        """What the challenger says in the shadow, of each device's first decision of a day."""
        trial = self.trial
        if trial is None or not trial.goes_on or trial.record.stage != "shadow":
            return {}
        first = [case for case in cases if case[0].is_first_of_day(case[1])]
        doubles = self._doubles(trial, first, trial.advisors)
        said = self._answer(trial, doubles) if doubles else None
        if said is None:
            return {}
        version = trial.record.version
        return {device_id: {version: advice} for device_id, advice in _by_device(first, said).items()}

    def _beside(self, trial: Trial, cases: Sequence[Case]) -> Mapping[str, Advice]:
        """What the champion would say where the challenger decides for the first time, or first on a day."""
        known = trial.beside.pairs
        first = [
            (device, at)
            for device, at in cases
            if device.profile.device_id not in known or device.is_first_of_day(at)
        ]
        doubles = self._doubles(trial, first, self.champion)
        return _by_device(first, self.champion.advise_all(doubles)) if doubles else {}

    def _compare(self, trial: Trial, said: Mapping[str, Advice], champion: Mapping[str, Advice]) -> None:
        """End the trial of a version that wants or expects what no update may change so much."""
        both = said.keys() & champion.keys()
        why = trial.beside.hear({name: Pair.of(said[name], champion[name]) for name in both})
        if why is not None:
            self._end(trial, why)

    def _doubles(
        self, trial: Trial, cases: Sequence[Case], advisors: Advisors
    ) -> list[tuple[HomeAdvisorLike, datetime]]:
        try:
            doubles = [(device.double(advisors), at) for device, at in cases]
        except Exception as error:  # noqa: BLE001 (a version on trial may fail in any way; no home waits for it)
            self._end(trial, f"it failed: {error!r}")
            return []
        return [(advisor, at) for advisor, at in doubles if advisor is not None]

    def _answer(
        self, trial: Trial, asked: Sequence[tuple[HomeAdvisorLike, datetime]]
    ) -> Sequence[Advice | None] | None:
        """What the challenger says; None when that ends the trial."""
        try:
            advice = trial.advisors.advise_all(asked)
        except Exception as error:  # noqa: BLE001 (the same)
            self._end(trial, f"it failed: {error!r}")
            return None
        wrong = [why for said in advice if said is not None and (why := absurd(said)) is not None]
        if wrong:
            self._end(trial, wrong[0])
            return None
        return advice

    def _end(self, trial: Trial, why: str) -> None:
        trial.fault = why
        log.error("challenger_withdrawn", version=trial.record.version, reason=why)

    def _asked(self, cases: Sequence[Case]) -> list[tuple[HomeAdvisorLike, datetime]]:
        asked = list[tuple[HomeAdvisorLike, datetime]]()
        for device, at in cases:
            if device.advisor is not None:
                self.forecasts.tell(device.advisor, device.profile.installation, at)
                asked.append((device.advisor, at))
        return asked


def _by_device(cases: Sequence[Case], advice: Sequence[Advice | None]) -> dict[str, Advice]:
    """What was said, where something was."""
    return {
        device.profile.device_id: said
        for (device, _), said in zip(cases, advice, strict=True)
        if said is not None
    }
