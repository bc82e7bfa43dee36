"""`ac-advisor devices`: what a person reads of logins and of other makes."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from infra.local.cli import commands
from infra.local.identities import IdentityFile

OTHER = {"device_id": None, "sources": ["tasmota:tasmota_A1"], "missing": ["no device has this source"]}


def _said(data_dir: Path, *words: str) -> str:
    done = CliRunner().invoke(
        commands, ["devices", *words, "--data-dir", str(data_dir)], catch_exceptions=False
    )
    return done.stdout


@pytest.mark.parametrize(
    ("heard", "said"),
    [
        ([], "The gateway has heard no device of another make.\n"),
        ([OTHER], "device_id  -\nsources    tasmota:tasmota_A1\nmissing    no device has this source\n"),
    ],
)
def test_others_are_listed_or_said_not_to_be_there(tmp_path: Path, heard: list[object], said: str) -> None:
    path = tmp_path / "edge" / "neighbours.json"
    path.parent.mkdir()
    path.write_text(json.dumps(heard))

    assert _said(tmp_path, "others") == said
    assert len(json.loads(_said(tmp_path, "others", "--json"))) == len(heard)


def test_one_command_makes_a_login_for_home_assistant_and_says_how_to_use_it(tmp_path: Path) -> None:
    said = json.loads(_said(tmp_path, "add-home-assistant", "cottage", "--json"))

    login = IdentityFile(tmp_path / "identities.json").require("cottage")
    assert said == {
        "username": "cottage",
        "password": login.password,
        "HA_NAME": "cottage",
        "HA_USERNAME": "cottage",
        "HA_PASSWORD": login.password,
    }
    assert login.password in _said(tmp_path, "add-home-assistant", "cottage")
    assert _said(tmp_path, "add-home-assistant").split()[:2] == ["username", "home-assistant"]
