"""`python -m device_sim.people.pmv_table`: make the committed table of PMV by the published equations.

ISO 7730:2005 as pythermalcomfort has it; the library is needed here and in tests, not to run a fleet.
"""

import json
import sys
from pathlib import Path

TABLE = Path(__file__).with_name("pmv_table.json")

MET = 1.1
CLO = 0.5
AIR_SPEED_M_S = 0.1
"""At home in the cooling season: sitting, reading, typing; light summer clothing; still air (ASHRAE 55-2023,
tables 5-1 and 5-2; ISO 7730:2005, annexes B and C)."""

LOWEST_C, HIGHEST_C, STEP_C = 5, 50, 0.5
STEP_RH_PCT = 10
"""The grid; PMV is linear in the humidity at a given temperature, and hardly curved in the temperature."""


def make_table() -> tuple[dict[str, object], list[list[float]]]:
    """What the table is, and PMV over operative temperature (rows) and relative humidity (columns)."""
    temperatures_c = [LOWEST_C + STEP_C * row for row in range(int((HIGHEST_C - LOWEST_C) / STEP_C) + 1)]
    humidities_pct = list(range(0, 101, STEP_RH_PCT))
    head: dict[str, object] = {
        "source": "ISO 7730:2005 by pythermalcomfort, air = radiant = operative temperature",
        "met": MET,
        "clo": CLO,
        "air_speed_m_s": AIR_SPEED_M_S,
        "operative_c": temperatures_c,
        "rh_pct": humidities_pct,
    }
    pmv = [
        [round(pmv_iso(operative_c, rh_pct), 4) for rh_pct in humidities_pct]
        for operative_c in temperatures_c
    ]
    return head, pmv


def pmv_iso(operative_c: float, rh_pct: float, met: float = MET) -> float:
    """PMV by the library, also beyond the range for which the standard is meant."""
    from pythermalcomfort.models import pmv_ppd_iso  # noqa: PLC0415 - makers of the table only

    result = pmv_ppd_iso(
        tdb=operative_c,
        tr=operative_c,
        vr=AIR_SPEED_M_S,
        rh=rh_pct,
        met=met,
        clo=CLO,
        limit_inputs=False,
        round_output=False,
    )
    return float(result.pmv)


def main() -> int:
    """Write the table into the package."""
    head, pmv = make_table()
    lines = [f" {json.dumps(name)}: {json.dumps(value)}" for name, value in head.items()]
    body = ",\n".join(f"  {json.dumps(row)}" for row in pmv)
    TABLE.write_text("{\n" + ",\n".join(lines) + ',\n "pmv": [\n' + body + "\n ]\n}\n", encoding="utf-8")
    sys.stdout.write(f"{TABLE.name}: {len(pmv)} x {100 // STEP_RH_PCT + 1}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
