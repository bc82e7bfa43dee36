"""The page in a real browser, at the size of a phone and of a desk."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from cloud.ports.records import INBOX_PK

if TYPE_CHECKING:
    from tests.integration.mobile_api.conftest import ApiProcess

CHROMIUM = Path("/usr/bin/chromium")
POLL_MS = 15_000

pytestmark = pytest.mark.skipif(
    not CHROMIUM.exists(), reason=f"{CHROMIUM} is missing: apt-get install chromium"
)


@pytest.fixture
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def home(api: "ApiProcess") -> "ApiProcess":
    api.sign_up()
    api.pair()
    api.report(hours=47)
    api.advise()
    return api


def _signed_in(browser: Browser, home: "ApiProcess", width: int) -> tuple[Page, list[str]]:
    page = browser.new_page(viewport={"width": width, "height": 844})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"http://127.0.0.1:{home.port}/")
    page.get_by_label("E-mail").fill("ann@example.org")
    page.get_by_label("Password").fill("a long enough one")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Living room").click()
    return page, complaints


@pytest.mark.parametrize("width", [390, 1280])
def test_a_person_accepts_and_sees_the_device_confirm(
    browser: Browser, home: "ApiProcess", width: int
) -> None:
    page, complaints = _signed_in(browser, home, width)
    expect(page.get_by_text("25.5 °C").first).to_be_visible()
    expect(page.locator("#temperature canvas")).to_be_visible()
    expect(page.locator("#power canvas")).to_be_visible()
    expect(page.locator("#temperature .u-legend")).to_contain_text("24.4 °C")
    assert page.evaluate("document.documentElement.scrollWidth") == width

    page.get_by_role("button", name="Accept").click()

    expect(page.get_by_text("waiting for the device to confirm")).to_be_visible()
    assert [item.body["kind"] for item in home.state.query(INBOX_PK)] == ["accepted"]
    home.advise(status="applied")  # as the advisor does when the device reports it
    expect(page.get_by_text("Confirmed by the device")).to_be_visible(timeout=POLL_MS)
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    assert complaints == []


def test_a_bit_warm_is_one_press_and_not_now_is_another(browser: Browser, home: "ApiProcess") -> None:
    page, complaints = _signed_in(browser, home, 390)

    page.get_by_role("button", name="A bit warm").click()
    expect(page.get_by_text("Thank you, noted.")).to_be_visible()
    page.get_by_role("button", name="Not now").click()
    expect(page.get_by_text("Left as it is.")).to_be_visible()

    assert [item.body["kind"] for item in home.state.query(INBOX_PK)] == ["a_bit_warm", "dismissed"]
    assert complaints == []


def test_polling_asks_for_what_is_new_only_and_keeps_the_focus(browser: Browser, home: "ApiProcess") -> None:
    page, _ = _signed_in(browser, home, 390)
    page.get_by_role("button", name="Accept").focus()
    live = re.compile(r"/devices/dev-1/live$")
    with page.expect_response(live):
        pass
    with page.expect_response(live):
        pass
    expect(page.get_by_role("button", name="Accept")).to_be_focused()

    metrics = home.exchange("GET", "/metrics")[1]

    assert 'route="/devices/<device_id>/live",status="304"' in metrics


def test_scripts_that_somebody_smuggles_in_do_not_run(browser: Browser, home: "ApiProcess") -> None:
    page, complaints = _signed_in(browser, home, 390)

    page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.hacked = 1';"
        " document.body.append(s); }"
    )

    assert page.evaluate("window.hacked") is None
    assert any("Content Security Policy" in complaint for complaint in complaints)
