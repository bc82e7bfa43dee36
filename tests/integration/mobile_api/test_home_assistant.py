"""`python -m edge home-assistant` between the API's process and a real broker: signed in, shown, pressed."""

import json
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from edge.adapters.mqtt_session import Endpoint, MqttSession, Subscriptions
from edge.home_assistant.place import Place
from edge.ports import Parcel
from infra.local.broker import Broker, Identity
from mobile_api.device_grants import decide
from tests.waiting import wait_for

if TYPE_CHECKING:
    from tests.integration.mobile_api.conftest import ApiProcess

LOGIN = Identity("our-home", "secret-1", "site", "home_assistant")
"""As `ac-advisor devices add-home-assistant our-home` makes it: for both ends."""

PLACE = Place(LOGIN.name)
COMMAND = (sys.executable, "-m", "edge", "home-assistant")


class Reader:
    """Home Assistant's end: what is retained, and presses."""

    def __init__(self, port: int) -> None:
        self.told: dict[str, bytes] = {}
        subscriptions = Subscriptions(["homeassistant/+/+/+/config", f"{PLACE.root}/#"], 1, self._hear)
        password = SecretStr(LOGIN.password)
        endpoint = Endpoint("127.0.0.1", port, LOGIN.name, password, "home-assistant", durable=False)
        self.session = MqttSession("reader", endpoint, subscriptions, Random(1))  # noqa: S311 (reconnects)
        self.session.start()

    def _hear(self, _client: object, message: Any) -> None:  # noqa: ANN401 (the library's)
        self.told[message.topic] = bytes(message.payload)

    def read(self, topic: str) -> Any:  # noqa: ANN401 (JSON)
        return json.loads(self.told.get(topic) or b"{}")

    def press(self, what: str, payload: bytes = b"PRESS") -> None:
        self.session.publish(Parcel(PLACE.press("dev-1", what), payload))


def test_a_person_signs_it_in_sees_advice_and_applies_it_from_home_assistant(
    api: "ApiProcess", make_broker: Callable[..., Broker], tmp_path: Path
) -> None:
    api.sign_up()
    api.pair()
    api.report(hours=1)
    api.advise()
    port = make_broker(LOGIN).settings.mqtt_port
    settings = {
        "HA_API_URL": f"http://127.0.0.1:{api.port}",
        "HA_TOKEN_FILE": str(tmp_path / "token"),
        "HA_PORT": str(port),
        "HA_NAME": PLACE.name,
        "HA_USERNAME": LOGIN.name,
        "HA_PASSWORD": LOGIN.password,
        "HA_REFRESH_S": "1",
    }
    _sign_in(api, settings)
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600
    reader = Reader(port)

    with _showing(settings):
        wait_for(lambda: reader.told.get(PLACE.online) == b"online")
        wait_for(lambda: reader.read(PLACE.advice("dev-1")).get("status") == "offered")
        described = reader.read(PLACE.discovery("dev-1"))
        assert described["device"]["name"] == "Living room"
        assert reader.read(PLACE.state("dev-1"))["power"] == 640.0
        reader.press("apply")
        reader.press("autonomy", b"one_tap")
        reader.press("setpoint", b"25")
        reader.press("a_bit_warm")
        wait_for(lambda: reader.read(PLACE.advice("dev-1")).get("status") == "accepted")
        wait_for(lambda: reader.read(PLACE.state("dev-1")).get("autonomy") == "one_tap")
        wait_for(lambda: api.exchange("GET", "/v1/devices/dev-1/commands")[1]["items"])
    assert api.exchange("GET", "/v1/devices/dev-1/commands")[1]["items"][0]["setpoint_c"] == 25.0
    wait_for(lambda: reader.told[PLACE.online] == b"offline")
    reader.session.stop()


def _sign_in(api: "ApiProcess", settings: dict[str, str]) -> None:
    with subprocess.Popen([*COMMAND, "login"], env=settings, stdout=subprocess.PIPE, text=True) as login:
        assert login.stdout is not None
        code = login.stdout.readline().split()[-1]
        account_id = api.exchange("GET", "/v1/accounts/me")[1]["account_id"]
        decide(api.state, code, account_id, allowed=True)  # as the page does, after its person was asked
        assert login.wait(20) == 0


@contextmanager
def _showing(settings: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(COMMAND, env=settings)
    try:
        yield
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
