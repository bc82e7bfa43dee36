"""What it costs to look at everybody for the vendors once a minute, beside the app's own requests.

A sweep in which nothing has changed, over files: per account as a ratio to one GET of a recommendation, and
to a bare pass that reads the same items of the store and does nothing with them. Everybody has one device.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from cloud.adapters.sqlite_log import SqliteReadingLog
from cloud.adapters.sqlite_state import SqliteStateStore
from cloud.ports.records import device_pk, home_pk
from cloud.ports.state import every
from mobile_api.records import account_pk
from mobile_api.voice.reports import SWEEP_EVERY, VoiceReports
from tests.integration.mobile_api.reporting_process import telling_app
from tests.unit.mobile_api.conftest import Clock, Person, World
from tests.unit.mobile_api.voice.vendor_stand_in import StandIn, grant, vendors

ACCOUNTS = 40
ROUNDS = 15
MOST = 4.0
"""Times a recommendation that an account may cost in a sweep."""


def _settle(world: World, outside: StandIn) -> list[Person]:
    """People whose Alexa knows their device, with its advice."""
    people = []
    for number in range(ACCOUNTS):
        person = world.sign_up()
        device_id = world.device_of(person, f"dev-{number}")
        for minute in range(0, 60, 5):
            world.report(device_id, world.clock() - timedelta(minutes=minute))
        world.advise(device_id)
        grant(world, person)
        people.append(person)
    return people


def _partitions(person: Person, number: int) -> tuple[str, str, str]:
    """Where the store keeps a person, their home and their device."""
    account_id = person.get("/v1/accounts/me").json["account_id"]
    home_id = person.get("/v1/homes").json["items"][0]["home_id"]
    return account_pk(account_id), home_pk(home_id), device_pk(f"dev-{number}")


def _took_s(work: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    work()
    return time.perf_counter() - began_s


@pytest.mark.bench
def test_a_sweep_beside_the_recommendations_of_everybody(tmp_path: Path) -> None:
    log, state = SqliteReadingLog(tmp_path / "ingest.sqlite"), SqliteStateStore(tmp_path / "state.sqlite")
    with vendors() as outside:
        app = telling_app(tmp_path, outside.url)
        now = Clock(datetime.now(UTC))
        world = World(state, log, now, app, None)  # type: ignore[arg-type]
        people = _settle(world, outside)
        reports = VoiceReports(app.extensions["ac_advisor_voice"].reporters(state), app.app_context)
        reports.look()
        told = len(outside.events)
        assert told == ACCOUNTS

        def sweep() -> None:
            reports._swept_at = now() - SWEEP_EVERY  # as if a minute had passed
            reports.look()

        def ask_all() -> None:
            for number, person in enumerate(people):
                assert person.get(f"/v1/devices/dev-{number}/recommendation").status_code == 200

        partitions = [pk for number, person in enumerate(people) for pk in _partitions(person, number)]

        def pass_over() -> None:
            for pk in partitions:
                list(every(state, pk))
            for number in range(ACCOUNTS):
                log.latest(f"dev-{number}")

        with capture_logs():
            rounds_s = [[_took_s(work) for work in (sweep, ask_all, pass_over)] for _ in range(ROUNDS)]
        assert len(outside.events) == told

    swept_s, asked_s, passed_s = np.median(rounds_s, axis=0)
    print(
        f"\n{ACCOUNTS} accounts: a sweep costs each {swept_s / asked_s:.1f} times a GET of its "
        f"recommendation, {swept_s / passed_s:.0f} times a bare pass over what is kept of it"
    )
    assert passed_s < swept_s < MOST * asked_s
