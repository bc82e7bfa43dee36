"""Pages behind the links of mails: a lost password, a new one, an address that is confirmed."""

from http import HTTPStatus

from flask import Response, render_template, request
from pydantic import TypeAdapter, ValidationError

from mobile_api.accounts import MIN_PASSWORD_LENGTH, NewPassword
from mobile_api.errors import InvalidFieldError, TooManyAttemptsError
from mobile_api.operations import Operations
from mobile_api.pages.forms import too_many
from mobile_api.pages.texts import text
from mobile_api.recovery import confirm_email, mail_reset, reset_password

_PASSWORD: TypeAdapter[str] = TypeAdapter(NewPassword)

operations = Operations("pages")


@operations.get("/forgot-password", public=True, documented=False)
def show_lost_password() -> Response:
    """The form that asks for a link."""
    return _page("forgot_password.html")


@operations.post("/forgot-password", public=True, documented=False)
def send_reset_link() -> Response:
    """Mail the link, and say the same whether there is an account or not."""
    try:
        mail_reset(request.form.get("email", "")[:254])
    except TooManyAttemptsError as error:
        return _page("forgot_password.html", HTTPStatus.TOO_MANY_REQUESTS, wrong=too_many(error))
    return _page("forgot_password.html", sent=True)


@operations.get("/reset-password", public=True, documented=False)
def show_new_password() -> Response:
    """The form behind the mailed link; looking at it uses nothing up."""
    return _page("reset_password.html", token=request.args.get("token", ""), least=MIN_PASSWORD_LENGTH)


@operations.post("/reset-password", public=True, documented=False)
def set_new_password() -> Response:
    """Set the password."""
    token = request.form.get("token", "")
    try:
        reset_password(token, _PASSWORD.validate_python(request.form.get("password", "")))
    except ValidationError:
        wrong = text("password.short", least=MIN_PASSWORD_LENGTH)
    except InvalidFieldError:
        wrong = text("wrong.link")
    else:
        return _page("reset_password.html", done=True)
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return _page("reset_password.html", status, token=token, least=MIN_PASSWORD_LENGTH, wrong=wrong)


@operations.get("/confirm-email", public=True, documented=False)
def show_confirmation() -> Response:
    """A button: programs that look at the links of mails press none."""
    return _page("confirm_email.html", token=request.args.get("token", ""))


@operations.post("/confirm-email", public=True, documented=False)
def confirm_on_page() -> Response:
    """Confirm the address."""
    try:
        confirm_email(request.form.get("token", ""))
    except InvalidFieldError:
        return _page("confirm_email.html", HTTPStatus.UNPROCESSABLE_ENTITY, wrong=text("wrong.link"))
    return _page("confirm_email.html", done=True)


def _page(template: str, status: int = HTTPStatus.OK, **values: object) -> Response:
    response = Response(render_template(template, **values), status)
    response.headers["Cache-Control"] = "no-store"
    return response
