"""The ledger: whatever is done in whatever order, aliases and stages tell the same."""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.errors import CloudError
from cloud.model_ledger import TRIALS, Entry, Ledger
from cloud.ports.models import Stage

AT = datetime(2025, 7, 1, tzinfo=UTC)
NAMES = ("v0", "v1", "v2")
STAGES: tuple[Stage, ...] = (
    "registered", "waiting", "shadow", "canary", "retired", "rejected", "champion"
)  # fmt: skip

name = st.sampled_from(NAMES)
deed = st.one_of(
    st.tuples(st.just("register"), name, st.none()),
    st.tuples(st.just("put"), name, st.sampled_from(STAGES)),
    st.tuples(st.just("promote"), name, st.none()),
    st.tuples(st.just("roll back"), st.none(), st.none()),
    st.tuples(st.just("remove"), name, st.none()),
)


def after(ledger: Ledger, what: str, version: str | None, stage: Stage | None) -> Ledger:
    """The ledger after a deed; what may not be changes nothing."""
    champion = ledger.aliases.get("champion")
    try:
        if what == "register":
            return ledger.registered(str(version), Entry(since=AT, folder="f", manifest_sha256="0"))
        if what == "put" and stage is not None:
            return ledger.put(str(version), stage, AT)
        if what == "promote":
            return ledger.promoted(str(version), champion, AT)
        if what == "roll back":
            return ledger.rolled_back(str(champion), AT)
        return ledger.without([str(version)])
    except CloudError:
        return ledger


@settings(max_examples=400, deadline=None)
@given(st.lists(deed, min_size=10, max_size=40))
def test_aliases_and_stages_agree(deeds: list[tuple[str, str | None, Stage | None]]) -> None:
    ledger, tried_by_now = Ledger(), dict[str, bool]()
    for each in deeds:
        before, ledger = ledger, after(ledger, *each)

        by_stage = {stage: [n for n, e in ledger.entries.items() if e.stage == stage] for stage in STAGES}
        aliases = ledger.aliases
        trial = [name for stage in sorted(TRIALS) for name in by_stage[stage]]
        assert by_stage["champion"] == [name for alias, name in aliases.items() if alias == "champion"]
        assert trial == [name for alias, name in aliases.items() if alias == "challenger"]
        assert set(aliases.values()) <= set(ledger.entries)
        assert len(by_stage["waiting"]) <= 1
        if each[0] == "put" and each[2] == "waiting" and ledger is not before:
            assert by_stage["waiting"] == [each[1]]  # the newest waits
        for version, entry in ledger.entries.items():  # homes never come to a version for the second time
            was = before.entries.get(version)
            if was is not None and was.stage != entry.stage and entry.stage in TRIALS:
                assert not was.tried
            tried_by_now[version] = tried_by_now.get(version, False) or entry.stage in ("canary", "champion")
            assert entry.tried == tried_by_now[version]
        assert not set(ledger.gone) & set(ledger.entries)
        if "previous" in aliases:
            assert aliases["previous"] in by_stage["retired"]
        if "champion" in before.aliases:
            assert "champion" in aliases  # somebody always serves
        if each[0] == "roll back" and ledger is not before:
            assert aliases["champion"] == before.aliases["previous"]


@given(st.lists(deed, max_size=20))
def test_a_ledger_and_back_from_its_text(deeds: list[tuple[str, str | None, Stage | None]]) -> None:
    ledger = Ledger()
    for each in deeds:
        ledger = after(ledger, *each)

    again = Ledger.model_validate_json(ledger.model_dump_json())

    assert again == ledger
    assert list(again.entries) == list(ledger.entries)
