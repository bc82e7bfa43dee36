"""Savings and their statement in a real browser, on a phone and on paper."""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect, sync_playwright

from cloud.ports.records import DayRecord, device_pk, home_pk
from cloud.ports.saving_records import SAVINGS_SK, ArmRecord, Saving, SavingsRecord
from cloud.ports.state import Put

if TYPE_CHECKING:
    from tests.integration.mobile_api.conftest import ApiProcess

CHROMIUM = Path("/usr/bin/chromium")
pytestmark = pytest.mark.skipif(
    not CHROMIUM.exists(), reason=f"{CHROMIUM} is missing: apt-get install chromium"
)


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser.new_page(viewport={"width": 390, "height": 844})
        browser.close()


def _sign_in(page: Page, api: "ApiProcess") -> None:
    page.goto(f"http://127.0.0.1:{api.port}/")
    page.get_by_label("E-mail").fill("ann@example.org")
    page.get_by_label("Password").fill("a long enough one")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Living room").wait_for()


def _today(api: "ApiProcess") -> date:
    """Where the home is: before midnight UTC it may be tomorrow there."""
    return datetime.now(ZoneInfo(api.exchange("GET", "/v1/homes")[1]["items"][0]["timezone"])).date()


def _home(api: "ApiProcess", days: int) -> str:
    """A home that consents, with so many days, every third one at the habit."""
    api.sign_up()
    api.pair()
    api.report(hours=1)
    home = api.exchange("GET", "/v1/homes")[1]["items"][0]
    fields = ("name", "latitude_deg", "longitude_deg", "timezone")
    body = {name: home[name] for name in fields} | {"measure_savings": True}
    assert api.exchange("PUT", f"/v1/homes/{home['home_id']}", body)[0] == 200
    today = _today(api)
    for back in range(1, days + 1):
        arm = "habit" if back % 3 == 0 else "advised"
        day = today - timedelta(days=back)
        facts = {"arm": arm, "version": "v1", "measured_h": 24.0, "electric_energy_kwh": 9.0, "decisions": 48}
        beside = {"overrides": 0, "warm_words": 0, "warm_minutes": 0.0, "said": {}}
        record = DayRecord.model_validate({"device_id": "dev-1", "day": day, **facts, **beside})
        api.state.transact([Put(device_pk("dev-1"), f"day#{day}", record.model_dump(mode="json"))])
    return str(home["home_id"])


def _tell(api: "ApiProcess", home_id: str) -> None:
    last = _today(api) - timedelta(days=2)
    record = SavingsRecord(
        home_id=home_id,
        first=last - timedelta(days=27),
        last=last,
        look=1,
        days=28,
        habit_days=9,
        devices=1,
        kwh=Saving(saved=1.2, low=0.5, high=2.0),
        money=Saving(saved=0.36, low=0.15, high=0.6),
        currency="EUR",
        co2_kg=Saving(saved=0.5, low=0.2, high=0.8),
        followed_ratio=0.8,
        claimed=True,
        sacrificed_kwh=11.25,
        advised=ArmRecord(days=19, overrides=0.2, warm_words=0.1, warm_minutes=11.0),
        habit=ArmRecord(days=9, overrides=0.1, warm_words=0.0, warm_minutes=3.0),
    )
    api.state.transact([Put(home_pk(home_id), SAVINGS_SK, record.model_dump(mode="json"))])


def _sheets(page: Page) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4")))


def test_a_statement_says_what_was_saved_and_given_up_and_prints_on_one_sheet(
    page: Page, api: "ApiProcess", tmp_path: Path
) -> None:
    """19 advised days at 1.2 kWh (0.5 to 2), 0.36 EUR and 0.5 kg; 9 measuring days at 1.2 kWh."""
    _tell(api, _home(api, days=40))
    _sign_in(page, api)
    page.goto(f"http://127.0.0.1:{api.port}/devices/dev-1/savings")
    page.screenshot(path=tmp_path / "savings.png", full_page=True)
    page.get_by_role("button", name="Statement to print").click()

    told = page.locator(".statement")
    expect(told.get_by_role("heading", level=1)).to_have_text("Statement · Flat")
    row = told.get_by_role("row")
    expect(row.filter(has_text="Electricity").nth(0)).to_contain_text("Electricity (kWh)22.8")
    expect(row.filter(has_text="Electricity").nth(0)).to_contain_text(re.compile("9.5 . 38.0"))
    expect(row.filter(has_text="Money").nth(0)).to_contain_text("Money (EUR)6.84")
    expect(row.filter(has_text="CO₂").nth(0)).to_contain_text("CO₂ (kg)9.5")
    expect(told).to_contain_text("Saved on 19 days with advice")
    expect(told).to_contain_text("Given up on 9 measuring days")
    expect(row.filter(has_text="Electricity").nth(1)).to_contain_text("Electricity (kWh)10.8")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    serious = {"serious", "critical"}
    assert [each["id"] for each in Axe().run(page).response["violations"] if each["impact"] in serious] == []

    page.screenshot(path=tmp_path / "statement.png", full_page=True)
    assert _sheets(page) == 1
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 794, "height": 1123})  # A4 at 96 dots per inch
    page.screenshot(path=tmp_path / "paper.png")
    for name in ("Sign out", "Statement to print"):
        assert page.get_by_text(name).count() == 0 or not page.get_by_text(name).first.is_visible()
    expect(page.get_by_role("navigation").first).to_be_hidden()
    expect(told).to_be_visible()


def test_before_there_are_days_enough_savings_and_statement_say_so_without_a_figure(
    page: Page, api: "ApiProcess", tmp_path: Path
) -> None:
    _home(api, days=9)
    _sign_in(page, api)

    for name in ("savings", "statement"):
        page.goto(f"http://127.0.0.1:{api.port}/devices/dev-1/{name}")
        page.screenshot(path=tmp_path / f"{name}.png", full_page=True)
        expect(page.locator("main")).to_contain_text("9 of about 28 days")
        expect(page.locator("main")).to_contain_text("a number would be weather and chance")
        expect(page.get_by_text("95 %")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert _sheets(page) == 1
