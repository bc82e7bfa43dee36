"""The table of ablations: pairs, told home by home, of one fleet or several."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from infra.local.judging.ablations import ablation_rows, main, markdown
from infra.local.judging.trial import PROTOCOL_CLIMATES
from tests.records import RESULTS, ROOT


def arm(name: str, saved_pct: list[float], warm_extra_k_h_day: list[float]) -> dict[str, Any]:
    homes = {
        "saved_pct": saved_pct,
        "warm_extra_k_h_day": warm_extra_k_h_day,
        "overrides_extra": [0.0] * len(saved_pct),
    }
    return {"arm": name, "homes": homes}


def fleet(shift: float = 0.0) -> dict[str, Any]:
    """Two homes that differ a lot, in which an ablation costs about one point each."""
    calm = [0.1, 0.3]
    return {
        "arms": [
            arm("advisor", [2.0 + shift, 10.0 + shift], calm),
            arm("advisor_without_search", [1.0 + shift, 8.8 + shift], calm),
            arm("oracle", [4.0 + shift, 20.0 + shift], calm),
            arm("oracle_without_day", [3.0 + shift, 16.0 + shift], [0.2, 0.25]),
        ]
    }


def cells(rows: list[tuple[str, ...]], name: str) -> tuple[str, ...]:
    return next(row for row in rows if row[0] == name)


def test_what_a_sense_is_worth_is_told_home_by_home() -> None:
    rows = ablation_rows([fleet()])

    assert cells(rows, "advisor without search")[2] == "-1.1 ± 0.1 points"
    assert cells(rows, "advisor without search")[1] == "4.9 ± 3.9 %"


def test_a_piece_of_foresight_is_compared_with_all_of_it() -> None:
    rows = ablation_rows([fleet()])

    assert cells(rows, "oracle without day")[2] == "-2.5 ± 1.5 points"
    assert cells(rows, "oracle")[2] == ""
    assert cells(rows, "advisor")[6] == "50 ± 0 %"


def test_comfort_counts_as_kept_up_to_a_quarter_of_a_kelvin_hour() -> None:
    rows = ablation_rows([fleet()])

    assert cells(rows, "advisor")[5] == "1 of 2"
    assert cells(rows, "oracle without day")[5] == "2 of 2"


def test_homes_of_several_fleets_stand_side_by_side_also_from_a_record(tmp_path: Path) -> None:
    one, other = tmp_path / "one.json", tmp_path / "other.json"
    one.write_text(json.dumps(fleet()))
    other.write_text(json.dumps({"commit": "0", "figures": fleet(shift=6.0)}))

    printed = CliRunner().invoke(main, [str(one), str(other)])

    assert printed.exit_code == 0, printed.output
    assert "| advisor | 9.0 ± " in printed.output
    assert "2 of 4" in printed.output


def test_the_table_of_the_readme_is_the_one_that_the_records_give() -> None:
    files = (RESULTS / f"ablations_{climate}.json" for climate in PROTOCOL_CLIMATES)
    figures = [json.loads(file.read_text())["figures"] for file in files]

    assert markdown(ablation_rows(figures)) in (ROOT / "infra" / "README.md").read_text()
