"""The pages in a real browser, at the size of a phone and of a desk."""

import http.client
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from cloud.ports.records import INBOX_PK
from tests.integration.mobile_api.simulated_device import SimulatedDevice

if TYPE_CHECKING:
    from tests.integration.mobile_api.conftest import ApiProcess

CHROMIUM = Path("/usr/bin/chromium")
expect.set_options(timeout=15_000)  # a busy machine answers late; the default is 5 s
POLL_MS = 15_000
BUDGET_BYTES = 150_000
"""Most that a page may transfer, headers and all, when nothing is in the cache [bytes]."""

SERIOUS = {"serious", "critical"}
HOME_PATHS = ("", "/people", "/pair", "/gateways", "/privacy")
OPERATOR_PATHS = ("/operator", "/operator/letters", f"/operator/letters/{'7' * 32}")
DEVICE_PATHS = ("", "/history", "/savings", "/preferences", "/schedule")

pytestmark = pytest.mark.skipif(
    not CHROMIUM.exists(), reason=f"{CHROMIUM} is missing: apt-get install chromium"
)


@pytest.fixture(scope="module")
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


@pytest.fixture
def phone(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    yield context
    context.close()


def _listen(page: Page) -> list[str]:
    """What the console complains of, from now on."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return complaints


def _signed_in(
    browser: Browser | BrowserContext, home: "ApiProcess", width: int = 390
) -> tuple[Page, list[str]]:
    page = (
        browser.new_page(viewport={"width": width, "height": 844})
        if isinstance(browser, Browser)
        else browser.new_page()
    )
    complaints = _listen(page)
    page.goto(f"http://127.0.0.1:{home.port}/")
    page.get_by_label("E-mail").fill("ann@example.org")
    page.get_by_label("Password").fill("a long enough one")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Living room").click()
    page.wait_for_url("**/devices/dev-1*", wait_until="load")
    return page, complaints


@pytest.mark.parametrize("width", [390, 1280])
def test_a_person_accepts_and_sees_the_device_confirm(
    browser: Browser, home: "ApiProcess", width: int
) -> None:
    page, complaints = _signed_in(browser, home, width)
    expect(page.get_by_text("25.5 °C").first).to_be_visible()
    expect(page.locator("#plan-lines canvas")).to_be_visible()
    expect(page.locator("#plan-lines .u-legend")).to_contain_text("Habit")
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


def test_without_a_stream_polling_asks_for_what_is_new_only_and_keeps_the_focus(
    phone: BrowserContext, home: "ApiProcess"
) -> None:
    streams = [_open_stream(home) for _ in range(4)]  # all that an account may have: the page gets a 429
    page, _ = _signed_in(phone, home)
    page.get_by_role("button", name="Accept").focus()
    live = re.compile(r"/devices/dev-1/live$")
    for _ in range(2):
        with page.expect_response(live):
            pass
    expect(page.get_by_role("button", name="Accept")).to_be_focused()

    metrics = home.exchange("GET", "/metrics")[1]
    for stream in streams:
        stream.close()

    assert 'route="/devices/<device_id>/live",status="304"' in metrics


def _open_stream(home: "ApiProcess") -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection("127.0.0.1", home.port, timeout=30)
    connection.request("GET", "/v1/events", headers={"Authorization": f"Bearer {home.token}"})
    assert connection.getresponse().status == 200
    return connection


def _sign_up_on_page(page: Page) -> None:
    page.get_by_role("link", name="Make an account").click()
    page.get_by_label("E-mail").fill("new@example.org")
    page.get_by_label("Password").fill("a long enough one")
    page.get_by_role("button", name="Make an account").click()


def _make_a_home_on_page(page: Page) -> None:
    page.get_by_role("button", name="A new home").click()
    for label, text in (("Name", "Flat"), ("Latitude", "45.0"), ("Longitude", "9.0")):
        page.get_by_role("textbox", name=label).fill(text)
    page.get_by_label("Measuring days").check()
    page.get_by_role("button", name="Make this home").click()


def test_the_whole_way_from_nothing_to_savings(phone: BrowserContext, api: "ApiProcess") -> None:
    page = phone.new_page()
    complaints = _listen(page)
    page.goto(f"http://127.0.0.1:{api.port}/")
    _sign_up_on_page(page)
    _make_a_home_on_page(page)
    api.show_code()
    page.get_by_label("Code on the device").fill("ABCD2345")
    page.get_by_role("button", name="Pair it").click()
    expect(page.get_by_text("The device has not reported yet.")).to_be_visible()

    with SimulatedDevice(api) as device:
        expect(page.get_by_text("saves 1.1 kWh")).to_be_visible(timeout=POLL_MS)
        page.get_by_role("button", name="Accept").click()
        expect(page.get_by_text("Confirmed by the device")).to_be_visible(timeout=POLL_MS)
        expect(page.locator(".now")).to_contain_text("25.5 °C")
        page.get_by_role("button", name="Undo").click()
        expect(page.locator(".now")).to_contain_text("24.0 °C", timeout=POLL_MS)
    page.get_by_role("link", name="Savings").click()
    expect(page.get_by_text("of about 28 days")).to_be_visible()

    assert device.heard == ["accepted", "undone"]
    assert complaints == []


@pytest.mark.parametrize("width", [390, 1280])
def test_what_people_do_with_their_home_day_by_day(browser: Browser, home: "ApiProcess", width: int) -> None:
    page, complaints = _signed_in(browser, home, width)
    with SimulatedDevice(home) as device:
        page.get_by_text("Set it by hand").click()
        page.get_by_label("Temperature (°C)").fill("23")
        page.get_by_label("For how long").select_option("3 h")
        page.get_by_role("button", name="Send it").click()
        expect(page.get_by_text("Last command (23.0 °C)")).to_contain_text(
            "confirmed by the device", timeout=POLL_MS
        )
        expect(page.locator(".now")).to_contain_text("23.0 °C")

        page.get_by_role("link", name="Flat").click()
        page.get_by_role("link", name="Privacy").click()
        page.get_by_label("Phones say who is home").check()
        page.get_by_role("button", name="Save").click()
        page.get_by_role("link", name="Homes").click()
        page.get_by_role("button", name="I am out").click()
        expect(page.get_by_role("button", name="I am out")).to_have_attribute("aria-pressed", "true")
        expect(page.get_by_text("Nobody is home.")).to_be_visible()
    _pair_a_gateway(page, home)

    assert device.heard == ["command", "left_home"]
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert complaints == []


def _pair_a_gateway(page: Page, home: "ApiProcess") -> None:
    """By its code; then one of the two devices behind it is let in."""
    home.show_gateway("gw-1", "attic", "cellar")
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("link", name="Gateways").click()
    page.get_by_label("Code on the gateway").fill("gate 2345")
    page.get_by_role("button", name="Add it").click()
    page.get_by_label("Name of attic").fill("Attic room")
    page.get_by_role("button", name="Let attic in").click()
    expect(page.get_by_role("link", name="Attic room")).to_be_visible()
    expect(page.get_by_role("button", name="Let attic in")).to_have_count(0)
    expect(page.get_by_role("button", name="Let cellar in")).to_be_visible()


def test_an_operator_reads_what_was_refused(browser: Browser, home: "ApiProcess") -> None:
    home.refuse()
    page, complaints = _signed_in(browser, home, 1280)
    page.goto(f"http://127.0.0.1:{home.port}/operator")

    page.get_by_role("link", name="Dead letters").click()
    page.get_by_role("link", name="unknown device").click()

    expect(page.get_by_text("dev-9", exact=True)).to_be_visible()
    expect(page.get_by_text(f"ac-advisor deadletters explain {'7' * 12}")).to_be_visible()
    assert complaints == []


def _live_with_everything(home: "ApiProcess") -> None:
    """A gateway with one device in and one that waits, and phones that say who is home."""
    shown = home.exchange("GET", "/v1/homes")[1]["items"][0]
    fields = {name: shown[name] for name in ("name", "latitude_deg", "longitude_deg", "timezone")}
    home_id = shown["home_id"]
    home.exchange("PUT", f"/v1/homes/{home_id}", {**fields, "share_phone_presence": True})
    home.exchange("PUT", f"/v1/homes/{home_id}/presence", {"at_home": False})
    home.show_gateway("gw-1", "attic", "cellar")
    home.exchange("POST", "/v1/gateways/claim", {"code": "GATE2345", "home_id": home_id})
    assert home.exchange("PUT", "/v1/gateways/gw-1/devices/attic", {"name": "Attic"})[0] == 200


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_fault_for_who_cannot_see_it(
    browser: Browser, home: "ApiProcess", scheme: Literal["light", "dark"]
) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    home.refuse()
    page, complaints = _signed_in(context, home)
    _live_with_everything(home)
    home_id = home.exchange("GET", "/v1/homes")[1]["items"][0]["home_id"]
    paths = [f"/devices/dev-1{part}" for part in DEVICE_PATHS] + [
        f"/homes/{home_id}{part}" for part in HOME_PATHS
    ]
    faults: dict[str, list[str]] = {}

    paths += ["/", "/homes/new", "/join", "/account", "/offline", "/forgot-password", "/sign-up"]
    for path in (*paths, *OPERATOR_PATHS):
        page.goto(f"http://127.0.0.1:{home.port}{path}")
        expect(page.locator("h1")).to_have_count(1)
        found = Axe().run(page).response["violations"]
        faults[path] = [
            f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in found if each["impact"] in SERIOUS
        ]
        assert page.evaluate("document.documentElement.scrollWidth") == 390, path

    context.close()
    assert {path: found for path, found in faults.items() if found} == {}
    assert complaints == []


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/", "/devices/dev-1", "/devices/dev-1/history", "/homes/new"])
def test_a_page_transfers_little(phone: BrowserContext, home: "ApiProcess", path: str) -> None:
    page, _ = _signed_in(phone, home)
    session = phone.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    session.send("Network.setBypassServiceWorker", {"bypass": True})
    transferred: list[int] = []
    session.on("Network.loadingFinished", lambda event: transferred.append(int(event["encodedDataLength"])))

    page.goto(f"http://127.0.0.1:{home.port}{path}")
    page.wait_for_timeout(1000)

    print(f"{path}: {sum(transferred)} bytes")
    assert 5_000 < sum(transferred) <= BUDGET_BYTES


def test_without_a_network_the_page_says_so_and_shows_nothing_of_anybody(
    phone: BrowserContext, home: "ApiProcess"
) -> None:
    page, _ = _signed_in(phone, home)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    phone.set_offline(True)
    expect(page.get_by_text("What you see may be old")).to_be_visible()

    page.goto(f"http://127.0.0.1:{home.port}/devices/dev-1")

    expect(page.get_by_role("heading", name="No connection")).to_be_visible()
    assert "Living room" not in page.content()


def test_it_works_by_keyboard_alone(phone: BrowserContext, home: "ApiProcess") -> None:
    page, _ = _signed_in(phone, home)
    page.reload()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    accept = page.get_by_role("button", name="Accept")
    for _ in range(15):
        page.keyboard.press("Tab")
        if accept.evaluate("element => element === document.activeElement"):
            break
    page.keyboard.press("Enter")

    expect(page.get_by_text("waiting for the device to confirm")).to_be_visible()


def test_it_works_without_scripts(browser: Browser, home: "ApiProcess") -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page, _ = _signed_in(context, home)

    page.get_by_role("button", name="Accept").click()

    expect(page.get_by_text("waiting for the device to confirm")).to_be_visible()
    page.get_by_text("The plan as a table").click()
    expect(page.get_by_role("cell", name="26.0 °C")).to_be_visible()
    context.close()


def test_scripts_that_somebody_smuggles_in_do_not_run(browser: Browser, home: "ApiProcess") -> None:
    page, complaints = _signed_in(browser, home, 390)

    page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.hacked = 1';"
        " document.body.append(s); }"
    )

    assert page.evaluate("window.hacked") is None
    assert any("Content Security Policy" in complaint for complaint in complaints)
