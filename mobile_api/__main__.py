"""`python -m mobile_api`: serve the API and its page until SIGTERM."""

import sys
from functools import partial

from flask import Flask

from cloud.wiring.api import open_stores
from mobile_api import logs, push_delivery
from mobile_api.app import create_app
from mobile_api.config import ApiSettings
from mobile_api.errors import AddressTakenError
from mobile_api.events import drain
from mobile_api.serving import serve
from mobile_api.tokens import open_keys


def main() -> int:
    """Read the settings and serve; 1 when the address is taken."""
    settings = ApiSettings()
    logs.configure(settings)
    try:
        serve(settings, partial(_make_app, settings), drain=drain)
    except AddressTakenError as error:
        print(error, file=sys.stderr)  # noqa: T201 (one line for the person who started it)
        return 1
    return 0


def _make_app(settings: ApiSettings) -> Flask:
    stores = open_stores(settings.data_dir)
    keys = open_keys(settings.data_dir / "keys" / "api-es256.json")
    app = create_app(stores.state, stores.readings, keys, past=stores.history, settings=settings)
    push_delivery.start(app)
    return app


if __name__ == "__main__":
    sys.exit(main())
