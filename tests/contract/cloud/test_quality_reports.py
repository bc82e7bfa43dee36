"""What every `QualityReports` promises."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cloud.adapters.file_reports import FileReports
from cloud.adapters.lake_files import LocalFiles
from cloud.adapters.memory_reports import MemoryReports

if TYPE_CHECKING:
    from cloud.ports.quality import QualityReports

ONE, TWO = date(2025, 7, 1), date(2025, 7, 2)


@pytest.fixture(params=["memory", "local", "s3"])
def reports(request: pytest.FixtureRequest, tmp_path: Path) -> "QualityReports":
    if request.param == "memory":
        return MemoryReports()
    if request.param == "local":
        return FileReports(LocalFiles(tmp_path))
    return FileReports(request.getfixturevalue("make_s3_files")())


def test_of_each_day_there_is_one_and_the_first_one_stays(reports: "QualityReports") -> None:
    assert reports.days() == []
    assert reports.read(ONE) is None

    assert reports.add(TWO, {"made": "first"})
    assert reports.add(ONE, {"made": "first"})
    assert not reports.add(ONE, {"made": "again"})

    assert reports.days() == [ONE, TWO]
    assert reports.read(ONE) == {"made": "first"}


def test_a_report_is_replaced_and_removed(reports: "QualityReports") -> None:
    for day in (ONE, TWO):
        reports.add(day, {"names": "goes"})

    for again in range(12):
        reports.replace(ONE, {"names": again})
    reports.replace(TWO, None)

    assert reports.read(ONE) == {"names": 11}
    assert reports.days() == [ONE]
    assert not reports.add(ONE, {})
    reports.replace(TWO, None)
    assert reports.add(TWO, {})


def test_files_hold_nothing_of_a_report_that_was_replaced_whoever_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class KilledError(BaseException):
        pass

    def killed(*_: object) -> None:
        raise KilledError

    reports = FileReports(LocalFiles(tmp_path))
    reports.add(ONE, {"names": "goes"})
    monkeypatch.setattr(LocalFiles, "remove", killed)
    with pytest.raises(KilledError):
        reports.replace(ONE, {"names": "nobody"})
    monkeypatch.undo()
    assert reports.read(ONE) == {"names": "nobody"}

    reports.replace(ONE, {"names": "nobody"})

    assert [b"goes" in path.read_bytes() for path in (tmp_path / "_quality").iterdir()] == [False]
