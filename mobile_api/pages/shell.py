"""What makes the pages an app: a service worker for when there is no network, and the page that it shows."""

from flask import Response, current_app, send_from_directory

from mobile_api.operations import Operations
from mobile_api.pages.forms import page

operations = Operations("pages")


@operations.get("/sw.js", public=True, documented=False)
def show_service_worker() -> Response:
    """From the root, so that it may serve all pages (its scope is its folder)."""
    folder = str(current_app.static_folder)
    response = send_from_directory(folder, "service-worker.js", mimetype="text/javascript")
    response.headers["Cache-Control"] = "no-cache"
    return response


@operations.get("/offline", public=True, documented=False)
def show_offline() -> Response:
    """What is said without a network; it is the same for everybody."""
    return page("offline.html")
