from typing import TYPE_CHECKING

import pytest

from mobile_api.access import SESSION_COOKIE

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.unit.mobile_api.conftest import MakeWorld, Person, World

LOGIN = {"email": "ann@example.org", "password": "a long enough one"}
HTML = {"Accept": "text/html"}
HTMX = {"Accept": "text/html", "HX-Request": "true", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def ann(world: "World") -> "Person":
    return world.sign_up("ann@example.org")


@pytest.fixture
def browser(world: "World", ann: "Person") -> "FlaskClient":
    """A browser in which Ann has signed in, with a device that has advice."""
    world.advise(world.device_of(ann))
    world.report("dev-1", world.clock.at)
    client = world.app.test_client()
    assert client.post("/login", data=LOGIN).status_code == 303
    return client


def test_a_stranger_sees_the_sign_in_form(world: "World") -> None:
    page = world.app.test_client().get("/")

    assert page.status_code == 200
    assert 'action="/login"' in page.text


def test_a_wrong_password_shows_the_form_again_with_the_address(world: "World", ann: "Person") -> None:
    page = world.app.test_client().post("/login", data={**LOGIN, "password": "wrong"})

    assert page.status_code == 401
    assert "Wrong address or password" in page.text
    assert 'value="ann@example.org"' in page.text
    assert SESSION_COOKIE not in page.headers.get("Set-Cookie", "")


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(world: "World", ann: "Person") -> None:
    cookie = world.app.test_client().post("/login", data=LOGIN).headers["Set-Cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie  # plain http on one machine; the setting is for TLS


def test_behind_tls_the_cookie_is_secure(make_world: "MakeWorld") -> None:
    world = make_world(secure_cookies=True)
    world.sign_up("ann@example.org")

    assert "Secure" in world.app.test_client().post("/login", data=LOGIN).headers["Set-Cookie"]


def test_the_list_shows_the_homes_and_devices(browser: "FlaskClient") -> None:
    page = browser.get("/").text

    assert "Flat" in page
    assert 'href="/devices/dev-1"' in page
    assert "24.5 °C" in page
    assert 'action="/advice/advice-dev-1/accept"' in page  # one tap, without another page


def test_the_device_page_shows_the_advice_in_the_homes_own_time(browser: "FlaskClient") -> None:
    page = browser.get("/devices/dev-1").text

    assert "25.5" in page
    assert "instead of 24.0 °C" in page
    assert "Nobody has minded 25.5 °C in the afternoon." in page
    assert "until 16:00" in page  # 14:00 UTC in Rome's summer
    assert "saves 1.1 kWh (0.7\u20131.5)" in page
    assert "4 % chance you notice" in page
    for button in ("Accept", "Not now", "A bit warm", "A bit cool"):
        assert f">{button}</button>" in page


def test_before_the_first_advice_and_reading_the_page_says_so(world: "World", ann: "Person") -> None:
    world.device_of(ann)
    client = world.app.test_client()
    client.post("/login", data=LOGIN)

    page = client.get("/devices/dev-1")

    assert page.status_code == 200
    assert "None yet" in page.text
    assert "has not reported yet" in page.text


def test_accept_leaves_the_answer_and_shows_it(world: "World", browser: "FlaskClient") -> None:
    part = browser.post("/advice/advice-dev-1/accept", headers=HTMX)

    assert "waiting for the device to confirm" in part.text
    assert "<html" not in part.text
    assert [entry.kind for entry in world.inbox()] == ["accepted"]


def test_without_scripts_the_buttons_work_too(world: "World", browser: "FlaskClient") -> None:
    answer = browser.post("/advice/advice-dev-1/dismiss", headers=HTML)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/devices/dev-1")
    assert [entry.kind for entry in world.inbox()] == ["dismissed"]


def test_a_bit_warm_is_one_press(world: "World", browser: "FlaskClient") -> None:
    part = browser.post("/devices/dev-1/feedback", data={"kind": "a_bit_warm"}, headers=HTMX)

    assert "noted" in part.text
    assert [entry.kind for entry in world.inbox()] == ["a_bit_warm"]
    assert browser.post("/devices/dev-1/feedback", data={"kind": "odd"}, headers=HTMX).status_code == 422


def test_expired_advice_is_said_to_have_expired(world: "World", browser: "FlaskClient") -> None:
    world.clock.forward(hours=3)

    part = browser.post("/advice/advice-dev-1/accept", headers=HTMX)

    assert "has expired" in part.text
    assert world.inbox() == []


def test_the_status_of_the_last_command_is_shown(
    world: "World", browser: "FlaskClient", ann: "Person"
) -> None:
    ann.post("/v1/devices/dev-1/commands", json={"setpoint_c": 26.0})

    assert "waiting to be sent" in browser.get("/devices/dev-1/live").text


def test_another_site_cannot_press_a_button(world: "World", browser: "FlaskClient") -> None:
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ):
        assert browser.post("/advice/advice-dev-1/accept", headers=headers).status_code == 403
        assert browser.put("/v1/devices/dev-1/preferences", json={}, headers=headers).status_code == 403

    assert world.inbox() == []
    assert (
        browser.post("/advice/advice-dev-1/accept", headers={"Origin": "http://localhost"}).status_code == 303
    )


def test_the_cookie_also_opens_the_api_for_the_pages_own_scripts(browser: "FlaskClient") -> None:
    assert browser.get("/v1/devices/dev-1/telemetry?resolution=5min").status_code == 200


def test_signing_out_ends_the_session_on_the_server(browser: "FlaskClient") -> None:
    cookie = browser.get_cookie(SESSION_COOKIE)
    assert cookie is not None
    browser.post("/logout")
    browser.set_cookie(SESSION_COOKIE, cookie.value)  # somebody kept it

    assert browser.get("/v1/homes").status_code == 401
    assert 'action="/login"' in browser.get("/").text


@pytest.mark.parametrize("cookie", ["", "nonsense", "a.b.c", "x" * 3000])
def test_a_cookie_that_is_none_is_nobody(world: "World", cookie: str) -> None:
    client = world.app.test_client()
    client.set_cookie(SESSION_COOKIE, cookie)

    assert 'action="/login"' in client.get("/").text
    assert client.get("/v1/homes").status_code == 401


def test_an_apps_refresh_token_is_no_cookie_and_a_cookie_no_refresh_token(
    world: "World", ann: "Person"
) -> None:
    client = world.app.test_client()
    client.set_cookie(SESSION_COOKIE, ann.refresh_token or "")
    assert client.get("/v1/homes").status_code == 401
    client.post("/login", data=LOGIN)
    cookie = client.get_cookie(SESSION_COOKIE)
    assert cookie is not None

    form = {"grant_type": "refresh_token", "refresh_token": cookie.value, "client_id": "ac-advisor-app"}

    assert world.nobody().post("/oauth/token", data=form).status_code == 400


def test_a_page_without_a_session_leads_to_the_form(world: "World") -> None:
    client = world.app.test_client()

    assert client.get("/devices/dev-1", headers=HTML).headers["Location"] == "/"
    assert client.get("/devices/dev-1/live", headers=HTMX).headers["HX-Redirect"] == "/"


def test_problems_on_a_page_are_pages(browser: "FlaskClient") -> None:
    page = browser.get("/devices/nope", headers=HTML)
    part = browser.get("/devices/nope/live", headers=HTMX)

    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert "There is nothing here" in page.text
    assert (part.status_code, part.mimetype) == (404, "text/html")
    assert "<html" not in part.text


def test_the_policy_allows_no_inline_script_or_style_and_the_pages_have_none(browser: "FlaskClient") -> None:
    for path in ("/", "/devices/dev-1", "/nowhere"):
        page = browser.get(path, headers=HTML)
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert "<style" not in page.text
        assert " style=" not in page.text
        assert " onclick=" not in page.text
        assert "<script>" not in page.text


def test_what_people_type_cannot_become_markup(world: "World", ann: "Person") -> None:
    world.show_code("dev-1", "CODE")
    home = {"name": "<script>alert(1)</script>", "latitude_deg": 1, "longitude_deg": 1, "timezone": "UTC"}
    home_id = ann.post("/v1/homes", json=home).json["home_id"]
    ann.post("/v1/devices/claim", json={"code": "CODE", "home_id": home_id, "name": '"><img src=x>'})
    client = world.app.test_client()
    client.post("/login", data=LOGIN)

    for path in ("/", "/devices/dev-1"):
        assert "<script>alert" not in client.get(path).text
        assert "<img src=x>" not in client.get(path).text


@pytest.mark.parametrize(
    "name",
    [
        *("vendor/pico.min.css", "vendor/htmx.min.js", "vendor/uPlot.iife.min.js", "vendor/uPlot.min.css"),
        *("vendor/pico.LICENSE.md", "vendor/htmx.LICENSE", "vendor/uPlot.LICENSE"),
        *("app.css", "charts.js", "live.js", "shell.js", "push.js", "manifest.webmanifest", "icon.svg"),
    ],
)
def test_everything_that_a_page_needs_is_served_from_here(world: "World", name: str) -> None:
    with world.app.test_client().get(f"/static/{name}") as answer:
        assert answer.status_code == 200
        assert answer.headers["ETag"]
