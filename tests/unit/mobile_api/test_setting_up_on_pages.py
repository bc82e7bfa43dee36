"""What people set up in a browser, without scripts: forms only."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from cloud.ports.monitoring import (
    MONITORING_PK,
    REPORT_SK,
    Alarm,
    CohortReport,
    Figures,
    MonitoringReport,
    ServiceFigures,
)
from cloud.ports.records import DEVICES_PK, DayRecord, device_pk, home_pk
from cloud.ports.saving_records import ArmRecord, Saving, SavingsRecord
from cloud.ports.state import Put
from mobile_api.operators import grant_operator

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.unit.mobile_api.conftest import MakeWorld, Person, World

EMAIL, PASSWORD = "ann@example.org", "a long enough one"
LOGIN = {"email": EMAIL, "password": PASSWORD}
HTML = {"Accept": "text/html"}
HOME_FORM = {
    "name": "Flat",
    "latitude_deg": "45.0",
    "longitude_deg": "9.0",
    "timezone": "Europe/Rome",
    "currency": "EUR",
    "tariff_per_kwh": "0.30",
}
PREFERENCES = {
    "autonomy": "auto",
    "comfort_or_savings": "savings",
    "min_setpoint_c": "20",
    "max_setpoint_c": "28",
    "quiet_start": "22:00",
    "quiet_end": "07:00",
}


@pytest.fixture
def ann(world: "World") -> "Person":
    person = world.sign_up(EMAIL)
    world.device_of(person)
    return person


@pytest.fixture
def browser(world: "World", ann: "Person") -> "FlaskClient":
    client = world.app.test_client()
    assert client.post("/login", data=LOGIN).status_code == 303
    return client


@pytest.fixture
def home_id(ann: "Person") -> str:
    found: str = ann.get("/v1/homes").json["items"][0]["home_id"]
    return found


def _answer(client: "FlaskClient", path: str) -> Any:  # noqa: ANN401 (JSON)
    return client.get(path).json


def test_from_nothing_to_a_paired_device_without_scripts(world: "World") -> None:
    client = world.app.test_client()
    world.show_code("dev-1", "ABCD2345")

    assert client.post("/sign-up", data=LOGIN).headers["Location"] == "/"
    assert "No home yet" in client.get("/").text
    made = client.post("/homes/new", data={**HOME_FORM, "measure_savings": "yes"})
    paired = client.post(made.headers["Location"], data={"code": "ABCD2345", "name": "Living room"})

    assert paired.headers["Location"] == "/devices/dev-1"
    assert "Living room" in client.get("/").text
    home = _answer(client, "/v1/homes")["items"][0]
    assert (home["measure_savings"], home["share_presence"]) == (True, False)


@pytest.mark.parametrize(
    ("path", "form", "words"),
    [
        ("/sign-up", {"email": "nobody", "password": PASSWORD}, "again: E-mail."),
        ("/sign-up", {"email": EMAIL, "password": "short"}, "again: Password."),
    ],
)
def test_a_sign_up_that_does_not_fit_says_what(
    world: "World", path: str, form: dict[str, str], words: str
) -> None:
    page = world.app.test_client().post(path, data=form)

    assert page.status_code == 422
    assert words in page.text
    assert "short" not in page.text  # no password is sent back


def test_an_address_that_has_an_account_is_told_by_mail_only(world: "World", ann: "Person") -> None:
    client = world.app.test_client()

    page = client.post("/sign-up", data={"email": EMAIL, "password": "another long one"})

    assert "Look into your mail" in page.text
    assert client.get("/v1/homes").status_code == 401


def test_where_addresses_are_checked_nobody_is_signed_in_before(make_world: "MakeWorld") -> None:
    world = make_world(email_check="required")
    client = world.app.test_client()

    assert "Look into your mail" in client.post("/sign-up", data=LOGIN).text
    world.flush_post()
    assert len(world.mailer.sent) == 1


@pytest.mark.parametrize(
    ("changed", "name"),
    [({"latitude_deg": "north"}, "Latitude"), ({"timezone": "Mars/Base"}, ""), ({"name": ""}, "Name")],
)
def test_a_home_that_does_not_fit_is_shown_again(
    browser: "FlaskClient", changed: dict[str, str], name: str
) -> None:
    page = browser.post("/homes/new", data={**HOME_FORM, **changed})

    assert page.status_code == 422
    assert name in page.text
    assert 'role="alert"' in page.text
    assert len(_answer(browser, "/v1/homes")["items"]) == 1


def test_a_wrong_code_is_said_and_slowed_down(browser: "FlaskClient", home_id: str) -> None:
    told = [browser.post(f"/homes/{home_id}/pair", data={"code": "WRONG"}) for _ in range(6)]

    assert [page.status_code for page in told] == [404] * 5 + [429]
    assert "No device shows this code" in told[0].text
    assert "try again in" in told[-1].text


def test_preferences_are_kept_and_shown(browser: "FlaskClient") -> None:
    page = browser.post("/devices/dev-1/preferences", data=PREFERENCES)

    assert "Saved." in page.text
    kept = _answer(browser, "/v1/devices/dev-1/preferences")
    assert kept["autonomy"] == "auto"
    assert kept["quiet_hours"] == {"start": "22:00", "end": "07:00"}
    assert 'value="auto" checked' in page.text


@pytest.mark.parametrize(
    "changed",
    [{"min_setpoint_c": "warm"}, {"min_setpoint_c": "29"}, {"quiet_end": ""}, {"autonomy": "all"}],
)
def test_preferences_that_do_not_fit_change_nothing(browser: "FlaskClient", changed: dict[str, str]) -> None:
    before = _answer(browser, "/v1/devices/dev-1/preferences")

    page = browser.post("/devices/dev-1/preferences", data={**PREFERENCES, **changed})

    assert page.status_code == 422
    assert 'role="alert"' in page.text
    assert _answer(browser, "/v1/devices/dev-1/preferences") == before


def test_in_fahrenheit_everything_is_fahrenheit_also_what_is_typed(
    world: "World", browser: "FlaskClient"
) -> None:
    world.advise("dev-1")
    world.report("dev-1", world.clock.at)
    browser.post("/account/appearance", data={"unit": "f"})

    page = browser.get("/devices/dev-1").text

    assert "77.9<small> °F" in page
    assert "instead of 75.2 °F" in page
    assert "Nobody has minded 77.9 °F in the afternoon." in page
    assert "°C" not in page
    browser.post(
        "/devices/dev-1/preferences", data={**PREFERENCES, "min_setpoint_c": "68", "max_setpoint_c": "82.4"}
    )
    kept = _answer(browser, "/v1/devices/dev-1/preferences")
    assert (kept["min_setpoint_c"], kept["max_setpoint_c"]) == (20.0, 28.0)


def test_a_week_is_put_together_and_taken_apart(browser: "FlaskClient") -> None:
    night = {"days": ["mon", "tue"], "at": "22:00", "mode": "cool", "setpoint_c": "26"}
    off = {"days": "mon", "at": "08:00", "mode": "off"}
    added = [browser.post("/devices/dev-1/schedule", data=form).status_code for form in (night, off)]
    assert added == [303, 303]

    twice = browser.post("/devices/dev-1/schedule", data=night)
    assert twice.status_code == 422
    browser.post("/devices/dev-1/schedule/remove", data={"entry": "mon,tue 22:00"})

    entries = _answer(browser, "/v1/devices/dev-1/schedule")["entries"]
    assert [(entry["at"], entry["mode"], entry["setpoint_c"]) for entry in entries] == [
        ("08:00", "off", None)
    ]


def test_a_vacation_is_in_the_homes_own_time(world: "World", browser: "FlaskClient", home_id: str) -> None:
    until = (world.clock.at + timedelta(days=3)).strftime("%Y-%m-%dT18:00")
    assert browser.post(f"/homes/{home_id}/vacation", data={"away_until": until}).status_code == 303

    home = _answer(browser, f"/v1/homes/{home_id}")
    assert home["away_until"].endswith("T16:00:00Z")
    assert home["name"] == "Flat"
    assert "Nobody is home until Fri 17 Jul, 18:00." in browser.get(f"/homes/{home_id}").text
    assert (
        browser.post(f"/homes/{home_id}/vacation", data={"away_until": "2020-01-01T00:00"}).status_code == 422
    )
    browser.post(f"/homes/{home_id}/vacation")
    assert _answer(browser, f"/v1/homes/{home_id}")["away_until"] is None


def test_consents_are_given_and_taken_back_one_by_one(browser: "FlaskClient", home_id: str) -> None:
    browser.post(f"/homes/{home_id}/privacy", data={"share_presence": "yes", "measure_savings": "yes"})
    browser.post(f"/homes/{home_id}/privacy", data={"measure_savings": "yes"})

    home = _answer(browser, f"/v1/homes/{home_id}")
    assert (home["measure_savings"], home["share_presence"]) == (True, False)
    assert home["tariff_per_kwh"] == 0.3


def test_somebody_is_invited_joins_and_is_shown_less(
    world: "World", browser: "FlaskClient", home_id: str
) -> None:
    page = browser.post(f"/homes/{home_id}/people", data={"role": "guest"})
    code = page.text.split("<code>")[1].split("</code>")[0]
    assert page.headers["Cache-Control"] == "no-store"
    assert code not in browser.get(f"/homes/{home_id}/people").text
    guest = world.app.test_client()
    world.sign_up("bob@example.org")
    guest.post("/login", data={"email": "bob@example.org", "password": PASSWORD})

    assert guest.post("/join", data={"code": "none"}).status_code == 404
    assert guest.post("/join", data={"code": code}).status_code == 303

    assert guest.get("/devices/dev-1").status_code == 200
    assert "/history" not in guest.get("/devices/dev-1").text
    assert EMAIL not in guest.get(f"/homes/{home_id}/people").text
    refused = guest.get("/devices/dev-1/history", headers=HTML)
    assert (refused.status_code, "This is not for you" in refused.text) == (403, True)


def test_savings_are_days_until_there_is_a_figure(world: "World", browser: "FlaskClient") -> None:
    for back in range(1, 6):
        day = world.clock.at.date() - timedelta(days=back)
        record = DayRecord(
            device_id="dev-1",
            day=day,
            arm="habit" if back == 2 else "advised",
            version="v1",
            measured_h=24.0,
            electric_energy_kwh=5.0,
            overrides=0,
            warm_words=0,
            warm_minutes=0.0,
            decisions=10,
            said={},
        )
        world.state.transact([Put(device_pk("dev-1"), f"day#{day}", record.model_dump(mode="json"))])

    page = browser.get("/devices/dev-1/savings").text

    assert "5<small> of about 28 days" in page
    assert "would be weather and chance" in page
    assert page.count("<td>measuring day") == 1
    assert "Mon 13 Jul" in page


def test_savings_are_a_statement_once_there_is_a_figure(world: "World", browser: "FlaskClient") -> None:
    pointer = world.state.get(DEVICES_PK, "dev-1")
    assert pointer is not None
    pk = home_pk(pointer.body["home_id"])
    home = world.state.get(pk, "home")
    assert home is not None
    arm = ArmRecord(days=14, overrides=0.25, warm_words=0.0, warm_minutes=11.0)
    told = SavingsRecord(
        home_id=pointer.body["home_id"],
        first=date(2026, 6, 1),
        last=date(2026, 6, 28),
        look=1,
        days=28,
        habit_days=14,
        devices=1,
        kwh=Saving(saved=1.2, low=0.3, high=2.1),
        currency="EUR",
        sacrificed_kwh=16.8,
        advised=arm,
        habit=arm,
    )
    consents = {**home.body, "measure_savings": True}
    told_put = Put(pk, "savings", told.model_dump(mode="json"))
    world.state.transact([Put(pk, "home", consents), told_put])

    page = browser.get("/devices/dev-1/savings").text

    assert "1.2<small> kWh a day saved" in page
    assert "between 0.3 and 2.1. So far it is not sure" in page
    assert "16.8" in page


def test_the_history_is_a_table_of_the_homes_days(world: "World", browser: "FlaskClient") -> None:
    for hour in range(30):
        world.report("dev-1", world.clock.at - timedelta(hours=hour), interval_s=3600)

    page = browser.get("/devices/dev-1/history?span=31d").text

    assert "Tue 14 Jul" in page
    assert "Mon 13 Jul" in page
    assert "24.5 °C" in page
    assert browser.get("/devices/dev-1/history?span=1000d", headers=HTML).status_code == 422


@pytest.mark.parametrize(
    ("path", "gone"),
    [("/devices/dev-1/delete", "/v1/devices/dev-1"), ("/homes/{home_id}/delete", "/v1/homes/{home_id}")],
)
def test_nothing_is_deleted_unless_it_is_meant(
    browser: "FlaskClient", home_id: str, path: str, gone: str
) -> None:
    path, gone = path.format(home_id=home_id), gone.format(home_id=home_id)

    assert browser.post(path).status_code == 422
    assert browser.get(gone).status_code == 200
    assert browser.post(path, data={"sure": "yes"}).status_code == 303
    assert browser.get(gone).status_code == 404


def test_the_account_shows_its_log_changes_its_password_and_goes(
    world: "World", browser: "FlaskClient"
) -> None:
    assert "signed in" in browser.get("/account").text
    form = {"current_password": "x", "new_password": "a longer new one"}
    wrong = browser.post("/account/password", data=form)
    assert (wrong.status_code, "not your present password" in wrong.text) == (422, True)
    right = browser.post("/account/password", data={**form, "current_password": PASSWORD})
    assert "Saved." in right.text

    assert browser.post("/account/delete").status_code == 422
    assert browser.post("/account/delete", data={"sure": "yes"}).status_code == 303
    assert browser.get("/v1/homes").status_code == 401


def test_the_fleet_is_for_operators_and_names_no_home(world: "World", browser: "FlaskClient") -> None:
    assert browser.get("/operator", headers=HTML).status_code == 403
    operator = _operator(world)
    assert "No round of monitoring" in operator.get("/operator").text
    fleet = CohortReport(
        name="fleet", figures=Figures(devices=20, stale_ratio=0.25), versions={"v7": 20}, drift={}
    )
    alarm = Alarm(
        alarm="readings_stale",
        cohort="fleet",
        state="raised",
        since=world.clock.at,
        value=0.25,
        limit=0.2,
        ends_below=0.1,
        words="a quarter says nothing",
        remedy="look at the broker",
    )
    report = MonitoringReport(
        at=world.clock.at,
        fleet_at=world.clock.at,
        service=ServiceFigures(champion="v7", trial="v8 canary"),
        cohorts=(fleet,),
        alarms=(alarm,),
    )
    world.state.transact([Put(MONITORING_PK, REPORT_SK, report.model_dump(mode="json"))])

    page = operator.get("/operator").text

    for words in ("20 devices", "Bad", "25 % silent", "v8 canary", "look at the broker", "v7 \u00d7 20"):
        assert words in page
    assert "dev-1" not in page


def _operator(world: "World") -> "FlaskClient":
    world.sign_up("op@example.org")
    with world.app.app_context():
        grant_operator(world.state, "op@example.org", world.clock.at)
    client = world.app.test_client()
    client.post("/login", data={"email": "op@example.org", "password": PASSWORD})
    return client


def test_the_worker_is_served_from_the_root_and_keeps_nothing_of_anybody(world: "World") -> None:
    client = world.app.test_client()

    with client.get("/sw.js") as worker:
        assert worker.mimetype == "text/javascript"
    assert "No connection" in client.get("/offline").text
    assert "ac_session" not in client.get("/offline").headers.get("Set-Cookie", "")
