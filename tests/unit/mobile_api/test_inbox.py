from datetime import UTC, datetime, timedelta

from mobile_api.inbox import EntryIds

NOW = datetime(2026, 7, 14, tzinfo=UTC)


def test_ids_sort_in_the_order_of_giving_also_within_a_millisecond_and_when_the_clock_is_set_back() -> None:
    at = iter([NOW, NOW, NOW, NOW - timedelta(seconds=1), NOW + timedelta(milliseconds=1)])
    ids = EntryIds(lambda: next(at))

    given = [ids.next() for _ in range(5)]

    assert given == sorted(given)
    assert len(set(given)) == 5
    # 2026-07-14T00:00:00Z is 1783987200 s after the epoch (`date -u -d 2026-07-14 +%s`).
    assert [one.split("-")[0] for one in given] == ["1783987200000"] * 4 + ["1783987200001"]
