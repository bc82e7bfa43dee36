from collections.abc import Sequence

import pytest
from typing_extensions import override

from edge.adapters.memory import MemorySpool, MemoryUplink
from edge.errors import UplinkUnavailableError
from edge.forwarder import WINDOW_BYTES, Forwarder
from edge.ports import Entry, Intake, Parcel


def _entry(number: int) -> Entry:
    return Entry("dev-1", "readings", str(number).encode(), 1)


def test_what_the_cloud_has_leaves_the_spool() -> None:
    spool, uplink = MemorySpool(), MemoryUplink()
    spool.commit(Intake([_entry(1), _entry(2)]))
    forwarder = Forwarder("gw-1", spool, uplink)

    assert forwarder.forward() == 2
    assert forwarder.forward() == 0

    assert [parcel.body for parcel in uplink.delivered] == [b"[1,2]"]
    assert spool.standing().readings == 0
    assert forwarder.readings == 2


def test_what_is_not_certain_stays_and_goes_in_order_later() -> None:
    spool, uplink = MemorySpool(), MemoryUplink(down=True)
    forwarder = Forwarder("gw-1", spool, uplink)
    for number in range(3):
        spool.commit(Intake([_entry(number)]))
        with pytest.raises(UplinkUnavailableError):
            forwarder.forward()
    assert (spool.standing().readings, forwarder.readings) == (3, 0)

    uplink.down = False
    forwarder.forward()

    assert [parcel.body for parcel in uplink.delivered] == [b"[0,1,2]"]


def test_what_arrives_while_something_is_under_way_stays() -> None:
    spool = MemorySpool()
    spool.commit(Intake([_entry(1)]))

    class BusyUplink(MemoryUplink):
        @override
        def send(self, parcels: Sequence[Parcel]) -> None:
            super().send(parcels)
            spool.commit(Intake([_entry(2)]))

    Forwarder("gw-1", spool, BusyUplink()).forward()

    assert [each.entry for each in spool.peek(2**20)] == [_entry(2)]


def test_one_call_sends_a_bounded_part() -> None:
    spool, uplink = MemorySpool(), MemoryUplink()
    third = Entry("dev-1", "readings", b"1" * (WINDOW_BYTES // 3), 1)
    spool.commit(Intake([third] * 4))

    assert Forwarder("gw-1", spool, uplink).forward() == 3
