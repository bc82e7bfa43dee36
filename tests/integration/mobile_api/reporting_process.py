"""A process that tells Alexa of changes, as the API does beside its requests, but looks without a pause.

It has always the same lease, so that the next one goes on at once where the last one was killed.
"""

import sys
import time
from pathlib import Path

from flask import Flask
from joserfc.jwk import KeySet

from cloud.wiring.api import open_stores
from mobile_api.app import create_app
from mobile_api.config import ApiSettings
from mobile_api.keys import FixedKeys, make_key
from mobile_api.leases import Lease
from mobile_api.passwords import Passwords
from mobile_api.voice.reports import VoiceReports


def telling_app(data_dir: Path, url: str) -> Flask:
    """The API over files, told to report to a stand-in."""
    settings = ApiSettings(
        alexa_client_id="client",
        alexa_client_secret="shh",
        alexa_token_url=f"{url}/token",
        alexa_events_url=f"{url}/v3/events",
    )
    keys, cheap = FixedKeys(KeySet([make_key()])), Passwords(memory_kib=8, time_cost=1)
    return create_app(open_stores(data_dir), keys, settings, passwords=cheap)


def reporter(app: Flask, data_dir: Path) -> VoiceReports:
    """What tells."""
    desk = app.extensions["ac_advisor_voice"]
    return VoiceReports(desk.reporters(open_stores(data_dir).state), app.app_context, Lease("voice", "one"))


def main() -> None:
    """Tell until killed."""
    data_dir, url = Path(sys.argv[1]), sys.argv[2]
    reports = reporter(telling_app(data_dir, url), data_dir)
    print("ready", flush=True)
    while True:
        reports.look()
        time.sleep(0.002)


if __name__ == "__main__":
    main()
