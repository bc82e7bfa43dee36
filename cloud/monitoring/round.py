"""A round of monitoring: gather, measure, judge, say what has changed, keep the report."""

import structlog
from pydantic import ValidationError

from cloud.monitoring.alarms import judge
from cloud.monitoring.figures import measure, measure_service
from cloud.monitoring.gather import Sources, gather
from cloud.ports.monitoring import MONITORING_PK, REPORT_SK, MonitoringReport
from cloud.ports.state import Put, StateStore

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


def take_round(sources: Sources) -> MonitoringReport:
    """Monitor once, and keep the report.

    Raises:
        CloudError: Something does not answer; the report of before stays.
    """
    before = newest_report(sources.state)
    facts = gather(sources)
    cohorts, service = measure(facts), measure_service(facts)
    alarms = judge(cohorts, service, () if before is None else before.alarms, facts.at)
    report = MonitoringReport(
        at=facts.at, fleet_at=facts.fleet_at, service=service, cohorts=cohorts, alarms=alarms
    )
    sources.state.transact([Put(MONITORING_PK, REPORT_SK, report.model_dump(mode="json"))])
    _tell(before, report)
    return report


def newest_report(state: StateStore) -> MonitoringReport | None:
    """The report of the newest round; None before the first, or the first of this version of the program.

    Raises:
        UnavailableError: The store does not answer.
    """
    item = state.get(MONITORING_PK, REPORT_SK)
    try:
        return None if item is None else MonitoringReport.model_validate(item.body)
    except ValidationError:
        return None


def _tell(before: MonitoringReport | None, report: MonitoringReport) -> None:
    """What was raised and what is over, each once."""
    was = {} if before is None else {(alarm.alarm, alarm.cohort): alarm for alarm in before.raised}
    now = {(alarm.alarm, alarm.cohort): alarm for alarm in report.raised}
    for key in now.keys() - was.keys():
        alarm = now[key]
        log.warning(
            "alarm_raised",
            alarm=alarm.alarm,
            cohort=alarm.cohort,
            value=alarm.value,
            limit=alarm.limit,
            words=alarm.words,
        )
    for name, cohort in was.keys() - now.keys():
        log.info("alarm_ended", alarm=name, cohort=cohort)
    fleet = report.cohorts[0].figures
    log.info(
        "fleet_monitored",
        devices=fleet.devices,
        stale_ratio=fleet.stale_ratio,
        covered_ratio=fleet.covered_ratio,
        energy_ratio=fleet.energy_ratio,
        overrides_per_day=fleet.overrides_per_day,
        accepted_ratio=fleet.accepted_ratio,
        model_age_days=fleet.model_age_days,
        alarms_raised=len(report.raised),
    )
