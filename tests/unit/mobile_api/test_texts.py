"""Every word on the pages is in the catalogue, and everything in the catalogue is said somewhere."""

import re
import string
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest

import mobile_api
from cloud.ports.records import AdviceStatus, Autonomy, Priority
from edge.contract import ChangedBy, Fan, Mode
from mobile_api.commands import Progress
from mobile_api.identity_records import AuditedAct
from mobile_api.pages.texts import FALLBACK, catalogue, languages
from mobile_api.records import ALL_SCOPES, Role

if TYPE_CHECKING:
    from tests.unit.mobile_api.conftest import World

HERE = Path(mobile_api.__file__).parent
TEMPLATES = [*(HERE / "web" / "templates").glob("*.html")]
SOURCES = [*TEMPLATES, *(HERE / "pages").glob("*.py"), HERE / "authorization.py"]
ASKED = re.compile(r"""(?:\bt|\btext|texts\.text)\(\s*f?["']([a-z0-9_.]+)["'][,)]""")
KEY = re.compile(r"""["']([a-z_]+(?:\.[a-z0-9_]+)*)["']""")
BEGINNING = re.compile(r"""["']([a-z_.]+\.)(?:["'] ~|\{)|texts_under\('([a-z]+\.)'\)""")
WORDS_IN_MARKUP = re.compile(r">[^<>{}=]*[A-Za-z]{2,}[^<>{}=]*<")
CODE = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
UNITS = {"kWh", "ac-advisor deadletters explain"}


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _places(words: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(words) if name is not None}


def test_every_text_that_is_asked_for_is_there() -> None:
    asked = {key for source in SOURCES for key in ASKED.findall(_text(source))}

    assert asked - set(catalogue(FALLBACK)) == set()
    assert len(asked) > 150


def test_every_text_is_used() -> None:
    whole = "\n".join(_text(source) for source in SOURCES)
    said = set(KEY.findall(whole))
    begun = {one or other for one, other in BEGINNING.findall(whole)}

    unused = [key for key in catalogue(FALLBACK) if key not in said and not any(map(key.startswith, begun))]

    assert unused == []


@pytest.mark.parametrize(
    ("beginning", "values"),
    [
        ("status", get_args(AdviceStatus)),
        ("progress", get_args(AdviceStatus)),
        ("command", get_args(Progress)),
        ("mode", get_args(Mode)),
        ("fan", get_args(Fan)),
        ("by", get_args(ChangedBy)),
        ("autonomy", get_args(Autonomy)),
        ("weigh", get_args(Priority)),
        ("act", get_args(AuditedAct)),
        ("role", get_args(Role)),
        ("scope", ALL_SCOPES),
        ("savings", ("no_consent", "not_enough_days", "not_computed", "estimated")),
        ("language", languages()),
    ],
)
def test_whatever_a_record_may_say_has_words(beginning: str, values: tuple[str, ...]) -> None:
    assert [value for value in values if f"{beginning}.{value}" not in catalogue(FALLBACK)] == []


@pytest.mark.parametrize("language", languages())
def test_every_language_says_the_same_things_with_the_same_places(language: str) -> None:
    english, other = catalogue(FALLBACK), catalogue(language)

    assert set(other) == set(english)
    assert {key: _places(other[key]) for key in other} == {key: _places(english[key]) for key in english}


def test_no_template_has_words_of_its_own() -> None:
    found = {
        source.name: words
        for source in TEMPLATES
        for words in WORDS_IN_MARKUP.findall(CODE.sub("", _text(source)))
        if words.strip("><").strip() not in UNITS
    }

    assert found == {}


def test_a_language_is_added_by_its_file(
    world: "World", monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    english = HERE / "web" / "texts" / "en.json"
    (tmp_path / "en.json").write_text(_text(english), encoding="utf-8")
    (tmp_path / "it.json").write_text('{"sign_in.title": "Accedi"}', encoding="utf-8")
    monkeypatch.setattr("mobile_api.pages.texts.FOLDER", tmp_path)
    languages.cache_clear()
    catalogue.cache_clear()
    try:
        page = world.app.test_client().get("/", headers={"Accept-Language": "it-IT, en;q=0.5"})
    finally:
        languages.cache_clear()
        catalogue.cache_clear()

    assert '<html lang="it">' in page.text
    assert "<h1>Accedi</h1>" in page.text
    assert "Forgotten your password?" in page.text  # what it lacks is said in English
