"""`python -m mobile_api`: serve the API and its page until SIGTERM."""

import logging
import sys
from functools import partial

import structlog
from flask import Flask

from cloud.wiring.api import open_stores
from mobile_api.app import create_app
from mobile_api.config import ApiSettings
from mobile_api.errors import AddressTakenError
from mobile_api.serving import serve
from mobile_api.tokens import open_keys


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
    keys = open_keys(settings.data_dir / "keys" / "api-es256.json")
    return create_app(stores.state, stores.readings, keys, past=stores.history, settings=settings)


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
