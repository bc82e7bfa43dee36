"""Forms: what people typed becomes a checked body, or words beside the form that say what to repair."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from flask import Response, make_response, redirect, render_template, request
from pydantic import BaseModel, ValidationError

from cloud.errors import ConflictError, NotFoundError
from mobile_api.errors import (
    ForbiddenError,
    InvalidFieldError,
    StateConflictError,
    TooManyAttemptsError,
)
from mobile_api.pages.texts import catalogue, text
from mobile_api.problems import STATUS_OF

_Model = TypeVar("_Model", bound=BaseModel)

_EXPECTED: Final = (
    *(InvalidFieldError, StateConflictError, ConflictError, NotFoundError, TooManyAttemptsError),
    ForbiddenError,
)


class FormFaultError(InvalidFieldError):
    """Fields of a form do not fit; `names` are theirs."""

    def __init__(self, names: list[str]) -> None:
        super().__init__("form", ", ".join(names))
        self.names = names


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a form was not done.

    Attributes:
        status: Of the answer.
        words: For the person.
        names: Fields that are at fault.
    """

    status: int
    words: str
    names: tuple[str, ...] = ()


def read(model: type[_Model], values: Mapping[str, object]) -> _Model:
    """The body that the fields of a form make; they are text, so that numbers are read from it.

    Raises:
        FormFaultError: Some do not fit.
    """
    try:
        return model.model_validate(values, strict=False)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        names = [str(each["loc"][0]) if each["loc"] else "form" for each in found]
        raise FormFaultError(list(dict.fromkeys(names))) from error


def entered(name: str) -> str:
    """The text of a field, without space around it."""
    return request.form.get(name, "").strip()


def tried(act: Callable[[], object], words: Mapping[type[Exception], str] | None = None) -> Refusal | None:
    """Do it, or say why not.

    Args:
        act: What the form asks for.
        words: Keys of texts for errors that mean something of their own in this form.
    """
    try:
        act()
    except FormFaultError as error:
        names = ", ".join(_label(name) for name in error.names)
        return Refusal(422, text("wrong.fields", names=names), tuple(error.names))
    except _EXPECTED as error:
        return Refusal(_status(error), _words(error, words or {}))
    return None


def page(template: str, refusal: Refusal | None = None, *, status: int = 200, **values: object) -> Response:
    """A page that is about somebody: browsers ask again before they show it again."""
    shown = render_template(template, refusal=refusal, **values)
    response = Response(shown, status if refusal is None else refusal.status)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def done(address: str) -> Response:
    """After something was done: the page that shows it, so that going back or reloading does it no more."""
    return make_response(redirect(address, 303))


def too_many(error: TooManyAttemptsError) -> str:
    """How long to wait."""
    return text("wrong.too_many", seconds=error.retry_after_s)


def _status(error: Exception) -> int:
    return next(STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF)


def _words(error: Exception, words: Mapping[type[Exception], str]) -> str:
    if isinstance(error, TooManyAttemptsError):
        return too_many(error)
    own = next((words[kind] for kind in type(error).__mro__ if kind in words), None)
    return text(own or f"wrong.{_status(error)}")


def _label(name: str) -> str:
    """What a field is called on the page; one without a name of its own is told by what it is for."""
    key = f"field.{name}"
    return text(key) if key in catalogue("en") else text("field.form")
