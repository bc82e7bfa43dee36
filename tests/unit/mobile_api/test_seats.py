import threading

import pytest

from mobile_api.errors import NoSeatError
from mobile_api.seats import Seats


def test_one_holder_has_its_share_and_all_have_what_there_is() -> None:
    seats = Seats("streams", most=3, each=2)
    for holder in ("ann", "ann", "bob"):
        seats.take(holder)

    for holder, is_own in (("ann", True), ("cem", False)):
        with pytest.raises(NoSeatError) as caught:
            seats.take(holder)
        assert caught.value.is_own is is_own
    seats.free("ann")
    seats.take("cem")


def test_whoever_waits_gets_the_seat_that_is_given_back() -> None:
    seats = Seats("bodies", most=1, each=1)
    seats.take("ann")
    waiting = threading.Timer(0.05, seats.free, ["ann"])
    waiting.start()

    seats.take("bob", wait_s=10)

    waiting.join()
    with pytest.raises(NoSeatError):
        seats.take("ann", wait_s=0.01)


def test_no_more_wait_than_there_are_seats() -> None:
    seats = Seats("bodies", most=1, each=1)
    seats.take("ann")
    waiting = threading.Thread(target=seats.take, args=("bob", 10.0))
    waiting.start()
    while not seats._waiting:
        pass

    with pytest.raises(NoSeatError):
        seats.take("cem", wait_s=3600)

    seats.free("ann")
    waiting.join()
