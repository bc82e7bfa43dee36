"""`python -m mobile_api`: serve the API and its page until SIGTERM."""

import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.util import find_spec

from flask import Flask

from cloud.errors import UnavailableError
from cloud.wiring.api import open_stores
from cloud.wiring.mail import open_mailer
from cloud.wiring.secrets import open_secret
from mobile_api import logs, push_delivery
from mobile_api.app import create_app
from mobile_api.config import ApiSettings
from mobile_api.errors import AddressTakenError, ExtraMissingError
from mobile_api.events import drain
from mobile_api.keys import KEY_FILE, StoredKeys
from mobile_api.serving import serve
from mobile_api.voice.desk import start_reports, tell_google
from mobile_api.voice.google_graph import KeyFileError, ServiceAccount, service_account


def main() -> int:
    """Read the settings and serve; 1 when the address is taken, or what a setting needs is not there."""
    settings = ApiSettings()
    logs.configure(settings)
    try:
        _look_at_needs(settings)
        serve(settings, partial(_make_app, settings), drain=drain)
    except (AddressTakenError, ExtraMissingError, KeyFileError, UnavailableError) as error:
        print(error, file=sys.stderr)  # noqa: T201 (one line for the person who started it)
        return 1
    return 0


def _look_at_needs(settings: ApiSettings) -> None:
    """What is only read or imported later, in the worker, is missed here, in one line."""
    _google_account(settings)
    if settings.otlp_endpoint and find_spec("opentelemetry") is None:
        raise ExtraMissingError("API_OTLP_ENDPOINT", "otel")


def _make_app(settings: ApiSettings) -> Flask:
    stores = open_stores(settings.data_dir)
    max_age, now = timedelta(days=settings.key_days), datetime.now(UTC)
    keys = StoredKeys(open_secret(settings.data_dir / KEY_FILE, settings.keys_secret), max_age, now)
    mailer = open_mailer(settings.mailer, settings.mail_from)
    app = create_app(stores, keys, settings, mailer=mailer)
    account = _google_account(settings)
    if account is not None:
        tell_google(app, account)
    push_delivery.start(app)
    start_reports(app)
    return app


def _google_account(settings: ApiSettings) -> ServiceAccount | None:
    """Who we are at Google, by the file or the secret that the settings name.

    Raises:
        KeyFileError: It cannot be used.
        UnavailableError: The secret cannot be read.
    """
    if settings.google_key_secret:
        found = open_secret(settings.data_dir, settings.google_key_secret).read()
        return None if found is None else service_account(found[0], settings.google_key_secret)
    if settings.google_key_file is None:
        return None
    try:
        return service_account(settings.google_key_file.read_bytes(), str(settings.google_key_file))
    except OSError as error:
        raise KeyFileError(f"{settings.google_key_file}: {error.strerror}") from error


if __name__ == "__main__":
    sys.exit(main())
