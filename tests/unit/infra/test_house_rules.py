"""Rules of the house that no linter knows: asked of the files themselves."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
COMPONENTS = ("device_sim", "edge", "cloud", "mobile_api", "infra")
DOCUMENTS = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE")

MAX_LINES = 400
"""Of a Python file."""

MAX_README_LINES = 120
"""Of the README that a newcomer reads first."""

UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME)\b")
NOQA = re.compile(r"# noqa: (?P<codes>[A-Z]+[0-9]+(?:, ?[A-Z]+[0-9]+)*)(?P<reason>.*)")
VAGUE = {"utils", "helpers", "manager", "common", "misc", "util", "helper"}


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def label(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported(path: Path) -> set[str]:
    """Full names of the modules that a file imports, also inside functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


def settings_of(component: str) -> Iterator[str]:
    """The environment variables that a component reads: prefix and field of each `BaseSettings`."""
    for path in sources(component):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and "BaseSettings" in {
                ast.unparse(base) for base in node.bases
            }:
                yield from _variables(node)


def _variables(settings: ast.ClassDef) -> Iterator[str]:
    prefix = re.search(r"env_prefix=['\"](\w+)['\"]", ast.unparse(settings))
    assert prefix is not None, f"{settings.name} has no env_prefix"
    for statement in settings.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            yield (prefix[1] + statement.target.id).upper()


def test_no_python_file_is_longer_than_a_reader_can_hold() -> None:
    lengths = {
        label(path): len(path.read_text(encoding="utf-8").splitlines()) for path in sources(*COMPONENTS)
    }

    assert {name: lines for name, lines in lengths.items() if lines > MAX_LINES} == {}


def test_nothing_is_left_unfinished() -> None:
    texts = [*sources(*COMPONENTS, "tests"), *ROOT.glob("*.md")]
    for component in COMPONENTS:
        texts += (ROOT / component).rglob("*.md")

    assert [label(path) for path in texts if UNFINISHED.search(path.read_text(encoding="utf-8"))] == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [label(path) for path in sources(*COMPONENTS) if path.stem in VAGUE] == []


def test_a_package_holds_a_docstring_and_only_the_contract_re_exports() -> None:
    for path in sources(*COMPONENTS):
        if path.name == "__init__.py":
            body = ast.parse(path.read_text(encoding="utf-8")).body
            assert isinstance(body[0], ast.Expr), f"{label(path)} says nothing"
            assert len(body) == 1 or label(path) == "edge/contract/__init__.py", label(path)


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_silenced_rule_says_why_at_least_once_in_its_file(component: str) -> None:
    for path in sources(component):
        silenced = list(NOQA.finditer(path.read_text(encoding="utf-8")))
        explained = {code for each in silenced if each["reason"].strip() for code in _codes(each)}
        assert {code for each in silenced for code in _codes(each)} - explained == set(), label(path)


def _codes(silenced: re.Match[str]) -> list[str]:
    return re.split(r", ?", silenced["codes"])


def test_the_wire_contract_needs_pydantic_and_the_standard_library_only() -> None:
    for path in sources("edge/contract"):
        outside = {name for name in imported(path) if name.split(".")[0] not in sys.stdlib_module_names}
        foreign = {
            name
            for name in outside
            if name.split(".")[0] != "pydantic" and not name.startswith("edge.contract")
        }
        assert foreign == set(), label(path)


@pytest.mark.parametrize("component", ["edge", "cloud"])
def test_a_port_knows_of_ours_only_ports_errors_and_the_contract(component: str) -> None:
    known = (f"{component}.ports", f"{component}.errors", "edge.contract")
    for path in [*sources(f"{component}/ports"), *(ROOT / component).glob("ports.py")]:
        ours = {name for name in imported(path) if name.split(".")[0] in COMPONENTS}
        assert {name for name in ours if not name.startswith(known)} == set(), label(path)


def test_whoever_makes_a_fleet_says_of_which_split() -> None:
    """A split that is left out is `demo`, whose homes nothing may be learnt from or judged on."""
    unsaid = []
    for path in sources(*COMPONENTS):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "FleetSpec":
                unsaid += [label(path)] * ("split" not in {keyword.arg for keyword in node.keywords})

    assert unsaid == []


@pytest.mark.parametrize("component", COMPONENTS[:-1])
def test_every_setting_is_in_the_components_readme(component: str) -> None:
    readme = ROOT / component / "README.md"
    settings = set(settings_of(component))
    assert settings, f"{component} has no settings: this test looks in the wrong place"

    documented = set(re.findall(r"\b[A-Z]+(?:_[A-Z0-9]+)+\b", readme.read_text(encoding="utf-8")))

    assert sorted(settings - documented) == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_repository_says_what_it_is(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8").strip()


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= MAX_README_LINES


def test_the_licence_is_apache_2_0_in_full() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")

    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert all(f"\n   {number}. " in text for number in range(1, 10))
