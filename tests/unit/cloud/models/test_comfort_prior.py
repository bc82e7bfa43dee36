"""The shipped prior of comfort: readable, named, and without votes."""

import json
from importlib import resources
from pathlib import Path

import pytest

from cloud.comfort_prior import PRIOR_FILE, ComfortPrior, UnreadablePriorError

ROOT = Path(__file__).parents[4]
MAX_BYTES = 2000


def shipped() -> bytes:
    return (resources.files("cloud") / "base" / PRIOR_FILE).read_bytes()


def test_what_is_shipped_are_a_few_figures_whose_origin_the_notice_names() -> None:
    prior = ComfortPrior.from_package()
    notice = " ".join((ROOT / "NOTICE").read_text(encoding="utf-8").split())

    assert len(shipped()) < MAX_BYTES
    assert "doi:10.6078/D1F671" in prior.origin
    assert "doi:10.6078/D1F671" in notice
    assert f"cloud/base/{PRIOR_FILE}" in notice


def test_there_and_back() -> None:
    prior = ComfortPrior.from_package()

    assert ComfortPrior.from_json(prior.to_json()) == prior
    assert prior.to_json() == shipped()


def test_the_notice_names_every_shipped_file() -> None:
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")

    assert [f.name for f in (ROOT / "cloud" / "base").iterdir() if f.name not in notice] == []


@pytest.mark.parametrize("fault", [{"limit_sd_k": None}, {"limit_sd_k": "0.6"}])
def test_a_figure_that_is_no_number_is_refused(fault: dict[str, object]) -> None:
    with pytest.raises(UnreadablePriorError, match="limit_sd_k"):
        ComfortPrior.from_json(json.dumps(json.loads(shipped()) | fault).encode())


def test_a_missing_figure_is_refused() -> None:
    document = json.loads(shipped())
    del document["humidity_k_per_pct"]

    with pytest.raises(UnreadablePriorError, match="humidity_k_per_pct"):
        ComfortPrior.from_json(json.dumps(document).encode())


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(UnreadablePriorError):
        ComfortPrior.from_json(b"limit 1.5")
