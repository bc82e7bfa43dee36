"""`python -m infra.local.bare_flask DIR PORT`: one JSON endpoint of plain Flask, on the API's server.

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

_ANSWER = "answer.json"


def main(arguments: list[str]) -> None:
    """Serve until SIGTERM."""
    folder, port = Path(arguments[0]), int(arguments[1])
    answer = json.loads((folder / _ANSWER).read_bytes())
    serve(ApiSettings(data_dir=folder, port=port), partial(make_app, answer), drain=lambda _: None)


def keep_answer(folder: Path, answer: bytes) -> None:
    """Put the JSON that `main` answers with into its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _ANSWER).write_bytes(answer)


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
