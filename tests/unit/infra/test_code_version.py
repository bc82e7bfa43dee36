"""Which code made a version: the source's digest everywhere, and the commit of a checkout."""

import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.code_version import code_version, commit_of, source_digest


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    command = ["git", "-C", str(folder), *who, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "made_of_this"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "recipe.py").write_text("TREES = 100\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "made_of_this", raising=False)
    return folder


def test_every_change_of_the_source_changes_its_digest(package: Path) -> None:
    before = source_digest(["made_of_this"])
    (package / "README.md").write_text("words")
    (package / "recipe.pyc").write_bytes(b"compiled")
    assert source_digest(["made_of_this"]) == before

    (package / "recipe.py").write_text("TREES = 101\n")
    changed = source_digest(["made_of_this"])
    (package / "recipe.py").rename(package / "receipt.py")

    assert len({before, changed, source_digest(["made_of_this"])}) == 3


def test_a_checkout_has_a_commit_which_says_whether_files_differ_from_it(tmp_path: Path) -> None:
    (tmp_path / "recipe.py").write_text("TREES = 100\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "first")
    git(tmp_path, "tag", "-m", "a tag is no commit", "v1")
    commit = git(tmp_path, "rev-parse", "HEAD")

    assert commit_of(tmp_path) == commit
    (tmp_path / "recipe.py").write_text("TREES = 101\n")
    assert commit_of(tmp_path) == f"{commit}-dirty"


def test_without_a_checkout_there_is_no_commit_and_a_broken_one_fails_nobody(tmp_path: Path) -> None:
    assert commit_of(tmp_path) == ""
    (tmp_path / ".git").write_text("gitdir: nowhere")

    assert commit_of(tmp_path) == ""


def test_what_makes_models_here_is_named() -> None:
    code = code_version()

    assert len(code["source_sha256"]) == 64
    assert code["lightgbm"].startswith("4.")
    assert code == code_version()
