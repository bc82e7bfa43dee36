"""`python -m infra.local.bare_flask DIR PORT ANSWER`: one JSON endpoint of plain Flask, on the API's server.

What `ac-advisor bench api` compares with: the same granian, the same threads, and nothing else.
"""

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask, Response, jsonify

from mobile_api.config import ApiSettings
from mobile_api.serving import serve


def main(arguments: list[str]) -> None:
    """Serve until SIGTERM."""
    folder, port, answer = arguments
    settings = ApiSettings(data_dir=Path(folder), port=int(port))
    serve(settings, partial(make_app, json.loads(answer)), drain=lambda _: None)


def make_app(answer: dict[str, Any]) -> Flask:
    """One route, `/`, that answers the same JSON each time."""
    app = Flask(__name__)

    def show() -> Response:
        return jsonify(answer)

    app.add_url_rule("/", view_func=show)
    app.add_url_rule("/healthz", "healthz", show)
    return app


if __name__ == "__main__":
    main(sys.argv[1:])
