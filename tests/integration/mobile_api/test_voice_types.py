"""Answers and interaction models have the types of the vendors' own packages, by `tsc --strict`.

The packages are npm's: `AC_ADVISOR_NPM` names a folder in which `voice_types/package.json` is installed.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pydantic_settings import BaseSettings, SettingsConfigDict

import mobile_api.voice
from mobile_api.voice.alexa_skill import INTENTS, answer_skill
from mobile_api.voice.google_home import GoogleHome, read
from mobile_api.voice.skill_messages import SkillRequest
from tests.unit.mobile_api.voice.memory_house import MemoryHouse, advice_view, aircon
from tests.unit.mobile_api.voice.test_alexa_skill import asking
from tests.unit.mobile_api.voice.test_google_home import asking as asking_google
from tests.unit.mobile_api.voice.test_google_home import executing

Json = dict[str, Any]

IMPORTS = """\
import { RequestEnvelope, ResponseEnvelope } from 'ask-sdk-model';
import { v1 } from 'ask-smapi-model';
import {
  SmartHomeV1SyncResponse, SmartHomeV1QueryResponse, SmartHomeV1ExecuteResponse
} from 'actions-on-google/dist/service/smarthome/api/v1';
"""
LIMIT_S = 120


class _Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="AC_ADVISOR_")

    npm: Path | None = None


NPM = _Settings().npm

pytestmark = [
    pytest.mark.npm,
    pytest.mark.skipif(
        NPM is None or shutil.which("node") is None,
        reason="AC_ADVISOR_NPM names no folder with the vendors' npm packages, or there is no node",
    ),
]


def check(tmp_path: Path, values: list[tuple[str, object]]) -> str:
    """What `tsc --strict` has against values of types."""
    assert NPM is not None
    lines = [
        f"export const value{n}: {kind} = {json.dumps(value)};" for n, (kind, value) in enumerate(values)
    ]
    source = NPM / f"checked-{tmp_path.name}.ts"
    source.write_text(IMPORTS + "\n".join(lines) + "\n", encoding="utf-8")
    tsc = NPM / "node_modules" / "typescript" / "bin" / "tsc"
    options = ["--noEmit", "--strict", "--skipLibCheck", "--target", "es2020", "--moduleResolution", "node"]
    try:
        done = subprocess.run(
            ["node", str(tsc), *options, "--module", "commonjs", source.name],  # noqa: S607 (whichever node there is)
            cwd=NPM,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
    finally:
        source.unlink()
    return done.stdout + done.stderr


def skill_values() -> list[tuple[str, object]]:
    values: list[tuple[str, object]] = []
    for intent in sorted(INTENTS):
        for confirmation in ("NONE", "CONFIRMED"):
            request: Json = asking(intent, confirmation=confirmation, remember={"advice_id": "a-1"})
            for house in (MemoryHouse([aircon(advice=advice_view())]), MemoryHouse([])):
                answered = answer_skill(SkillRequest.model_validate(request), house.open)
                values.append(("ResponseEnvelope", answered))
    no_account = SkillRequest.model_validate(asking("AdviceIntent", token=None))
    values.append(("ResponseEnvelope", answer_skill(no_account, MemoryHouse().open)))
    return values


def google_values() -> list[tuple[str, object]]:
    home = GoogleHome(MemoryHouse([aircon(advice=advice_view()), aircon(device_id="dev-2", is_online=False)]))
    asked = [
        ("SmartHomeV1SyncResponse", asking_google("SYNC")),
        ("SmartHomeV1QueryResponse", asking_google("QUERY", devices=[{"id": "dev-1"}, {"id": "dev-2"}])),
        ("SmartHomeV1ExecuteResponse", executing("OnOff", on=False)),
        ("SmartHomeV1ExecuteResponse", executing("OnOff", "dev-2", on=False)),
    ]
    return [(kind, home.answer(read(message))) for kind, message in asked]


def model_values() -> list[tuple[str, object]]:
    folder = Path(mobile_api.voice.__file__).parent / "models"
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    assert len(found) == 2
    return [("v1.skill.interactionModel.InteractionModelData", each) for each in found]


def test_what_we_say_has_the_types_of_the_vendors(tmp_path: Path) -> None:
    assert check(tmp_path, [*skill_values(), *google_values(), *model_values()]) == ""


def test_a_wrong_answer_is_seen(tmp_path: Path) -> None:
    """The check is no formality: a word that Alexa does not know is an error."""
    wrong: Json = {"version": "1.0", "response": {"card": {"type": "LinkAcount"}}}

    assert "LinkAcount" in check(tmp_path, [("ResponseEnvelope", wrong)])
