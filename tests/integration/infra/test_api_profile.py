"""Where the time of a recommendation goes, of an API that has really been asked."""

from pathlib import Path

import pytest

from infra.local.api_profile import profile_recommendation
from infra.local.errors import LocalError
from mobile_api.config import ApiSettings
from tests.integration.mobile_api.conftest import ApiProcess, running


def _ask(api: ApiProcess, path: str) -> tuple[dict[str, float], dict[str, float]]:
    settings = ApiSettings(data_dir=api.data_dir, port=api.port)
    found = profile_recommendation(api.data_dir, settings, str(api.token), path, 5)
    assert found.calls == 5
    return found.own_share, found.below_share


def test_shares_are_of_a_whole_and_name_what_serves(tmp_path: Path) -> None:
    with running(tmp_path, {}) as api:
        api.sign_up()
        api.pair()
        api.advise()

    own, below = _ask(api, "/v1/devices/dev-1/recommendation")

    assert 0.5 < sum(own.values()) <= 1
    assert list(own.values()) == sorted(own.values(), reverse=True)
    assert any(name.startswith("C: sqlite3") for name in own)
    assert below["mobile_api/quick_reads.py: answer"] > below["mobile_api/quick_reads.py: _look"] > 0
    assert "site-packages" not in own
    with pytest.raises(LocalError, match="404"):
        _ask(api, "/v1/devices/dev-2/recommendation")
