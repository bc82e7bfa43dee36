"""Appearance: temperatures in the unit, numbers and instants in the words that a person has chosen."""

import re
from datetime import date, datetime
from typing import Final, Literal, TypeAlias, cast
from zoneinfo import ZoneInfo

from flask import Flask, Response, request

from mobile_api.pages import texts
from mobile_api.services import services

Unit: TypeAlias = Literal["c", "f"]
UNIT_COOKIE: Final = "ac_unit"
YEAR_S: Final = 365 * 86_400
"""How long a browser remembers what was chosen [s]."""

_IN_WORDS = re.compile(r"(-?\d+(?:\.\d+)?) °C")


def install(app: Flask) -> None:
    """Teach the templates to write all of it."""
    filters = (temperature, degrees, temperatures_in, number, clock_time, day_time, day, plain_day)
    for each in filters:
        app.add_template_filter(each)
    app.context_processor(_words)


def unit() -> Unit:
    """The unit of temperatures in this request."""
    return "f" if request.cookies.get(UNIT_COOKIE) == "f" else "c"


def remember(response: Response, cookie: str, value: str) -> None:
    """Keep what was chosen in the browser: it is about the screen, not about the account."""
    secure = services().settings.secure_cookies
    response.set_cookie(cookie, value, max_age=YEAR_S, httponly=True, samesite="Lax", secure=secure)


def temperature(value_c: float | None) -> str:
    """`25.5 °C`, or `77.9 °F`; a dash for none."""
    return texts.text("number.none") if value_c is None else f"{degrees(value_c)} °{unit().upper()}"


def degrees(value_c: float | None) -> str:
    """`25.5`, in the chosen unit; a dash for none."""
    if value_c is None:
        return texts.text("number.none")
    return number(value_c if unit() == "c" else value_c * 9 / 5 + 32, 1)


def entered_c(entered: str) -> float:
    """What a person has typed as a temperature, in the chosen unit [Cel].

    Raises:
        ValueError: It is no number.
    """
    value = float(entered.strip().replace(",", "."))
    return value if unit() == "c" else round((value - 32) * 5 / 9, 2)


def temperatures_in(words: str) -> str:
    """Words of the advisor, in which it writes temperatures in °C, in the chosen unit."""
    return _IN_WORDS.sub(lambda found: temperature(float(found[1])), words)


def number(value: float, digits: int) -> str:
    """A number with so many digits after the point of the language."""
    return f"{value:.{digits}f}".replace(".", texts.text("number.point"))


def clock_time(at: datetime, timezone: str) -> str:
    """`22:00` in the home's own time."""
    return at.astimezone(ZoneInfo(timezone)).strftime("%H:%M")


def day(at: datetime, timezone: str) -> str:
    """`Tue 14 Jul` in the home's own time."""
    return plain_day(at.astimezone(ZoneInfo(timezone)))


def plain_day(of: date) -> str:
    """`Tue 14 Jul`."""
    names = [texts.text(f"weekday.{of.weekday()}"), texts.text(f"month.{of.month}")]
    return texts.text("day", weekday=names[0], day=of.day, month=names[1])


def day_time(at: datetime, timezone: str) -> str:
    """`Tue 14 Jul, 22:00` in the home's own time."""
    return f"{day(at, timezone)}, {clock_time(at, timezone)}"


def _words() -> dict[str, object]:
    return {
        "t": texts.text,
        "texts_under": texts.texts_under,
        "language": texts.language(),
        "languages": texts.languages(),
        "unit": cast("str", unit()),
    }
