"""The desk of savings: makes the newest report from the serving state, and keeps it there."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias

import numpy as np
import structlog

from cloud.ports.records import ADVISOR_PK, DayRecord, home_pk
from cloud.ports.saving_records import SAVINGS_SK
from cloud.ports.state import Delete, Put, StateStore
from cloud.rollout.cohort import HomePlace
from cloud.rollout.judge import newest_whole_day
from cloud.savings.home_days import Floats
from cloud.savings.report import HomeFacts, Look, Report, make_report
from cloud.serving import HOME_SK, Profile, Serving

EVER = date(1970, 1, 2)

Days: TypeAlias = Mapping[str, Sequence[DayRecord]]
"""By device."""

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SavingsDesk:
    """Reports of savings.

    Attributes:
        store: The serving state.
        now: The time; with telemetry's clock that of the newest reading.
        code: Version of the program.
        carbon_kg_per_kwh: Marginal emissions by local hour, (24,) [kg/kWh]; None: not told.
        days: Where the days of devices are from; None: those that are kept.
    """

    store: StateStore
    now: Callable[[], datetime]
    code: str
    carbon_kg_per_kwh: Floats | None = None
    days: Callable[[Serving], Days] | None = None

    def make(self) -> Report | None:
        """The newest report, made from what is there now; None before the first look."""
        serving, now = Serving(self.store, 0), self.now()
        facts = _facts(serving, _kept(serving) if self.days is None else self.days(serving))
        known = [day.day for home in facts for day in home.days]
        look = Look.newest(facts, min(max(known), newest_whole_day(now))) if known else None
        if look is None:
            return None
        return make_report(facts, serving.assignment(), look, (now, self.code), self.carbon_kg_per_kwh)

    def keep(self) -> Report | None:
        """Make it and keep it; a home of which it says nothing any more loses what was said before."""
        report = self.make()
        told = {} if report is None else {home.home_id: home for home in report.homes}
        for home_id in {profile.home_id for profile in Serving(self.store, 0).profiles().values()}:
            pk = home_pk(home_id)
            body = told[home_id].model_dump(mode="json") if home_id in told else None
            self.store.transact([Delete(pk, SAVINGS_SK) if body is None else Put(pk, SAVINGS_SK, body)])
            if self.store.get(pk, HOME_SK) is None:  # it was deleted meanwhile
                self.store.transact([Delete(pk, SAVINGS_SK)])
        if report is None:
            self.store.transact([Delete(ADVISOR_PK, SAVINGS_SK)])
        else:
            self.store.transact([Put(ADVISOR_PK, SAVINGS_SK, report.fleet.model_dump(mode="json"))])
            log.info(
                "savings_told", homes=len(report.homes), look=report.fleet.look, last=str(report.fleet.last)
            )
        return report


def _kept(serving: Serving) -> Days:
    return {device_id: serving.days(device_id, EVER) for device_id in serving.profiles()}


def _facts(serving: Serving, days: Days) -> list[HomeFacts]:
    """Of the homes that consent."""
    by_home = defaultdict[str, list[Profile]](list)
    for profile in serving.profiles().values():
        if profile.measures_savings:
            by_home[profile.home_id].append(profile)
    return [_home(days, home_id, profiles) for home_id, profiles in sorted(by_home.items())]


def _home(by_device: Days, home_id: str, profiles: list[Profile]) -> HomeFacts:
    wishes = profiles[0].preferences
    prices = np.resize(np.array(wishes.tariff_per_kwh, np.float64), 24)
    days = [day for profile in profiles for day in by_device.get(profile.device_id, ())]
    place = HomePlace.of(profiles[0])
    return HomeFacts(home_id, days, prices, wishes.currency, place.kinds, place.degree)
