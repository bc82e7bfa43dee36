"""`python -m mobile_api`: serve the API and its page until SIGTERM."""

import logging
import sys
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from flask import Flask

from cloud.wiring.api import open_stores
from cloud.wiring.mail import open_mailer
from mobile_api.app import create_app
from mobile_api.config import ApiSettings
from mobile_api.errors import AddressTakenError
from mobile_api.keys import KEY_FILE, KeyFile
from mobile_api.serving import serve


def main() -> int:
    """Read the settings and serve; 1 when the address is taken."""
    settings = ApiSettings()
    _configure_logging(settings)
    try:
        serve(settings, partial(_make_app, settings))
    except AddressTakenError as error:
        print(error, file=sys.stderr)  # noqa: T201 (one line for the person who started it)
        return 1
    return 0


def _make_app(settings: ApiSettings) -> Flask:
    stores = open_stores(settings.data_dir)
    max_age, now = timedelta(days=settings.key_days), datetime.now(UTC)
    keys = KeyFile(settings.data_dir / KEY_FILE, max_age, now)
    mailer = open_mailer(settings.mailer, settings.mail_from)
    return create_app(stores.state, stores.readings, keys, settings=settings, mailer=mailer, lake=stores.lake)


def _configure_logging(settings: ApiSettings) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, settings.log_level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


if __name__ == "__main__":
    sys.exit(main())
