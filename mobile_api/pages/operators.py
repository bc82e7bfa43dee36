"""The fleet as its operators see it: health by cohort, models, drift and alarms of the newest round.

Cohorts, never homes: an operator has no more right to look into somebody's home than anybody else.
"""

from flask import Response

from mobile_api.health import newest_report
from mobile_api.operations import Operations
from mobile_api.pages.forms import page
from mobile_api.services import services

STALE_BAD, STALE_WARN = 0.2, 0.05
"""Shares of silent devices from which a cohort is called bad, or to be watched [ratio]."""

operations = Operations("pages")


@operations.get("/operator", scope="admin", documented=False)
def show_fleet() -> Response:
    """The newest round of monitoring."""
    report, now = newest_report(), services().now()
    age_h = None if report is None else (now - report.at).total_seconds() / 3600
    return page("operator.html", operator=True, report=report, age_h=age_h, bad=STALE_BAD, warn=STALE_WARN)
