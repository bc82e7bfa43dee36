"""A device that its people have deleted leaves nothing with the advisor; whoever comes next begins anew."""

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from cloud.adapters.memory_state import MemoryStateStore
from cloud.ports.deletion import deletion_pk, deletion_writes
from cloud.ports.records import DEVICES_PK, INBOX_PK, OUTBOX_PK, device_pk, home_pk
from cloud.ports.state import Delete, Put, Write

if TYPE_CHECKING:
    from tests.unit.cloud.advisor.conftest import World

INTERVAL = timedelta(minutes=15)


def _delete(world: "World", device_id: str) -> None:
    """What the API does, but for what it has not seen of the advisor's."""
    home = Delete(home_pk(f"home-of-{device_id}"), "home")
    gone = [Delete(device_pk(device_id), "device"), Delete(DEVICES_PK, device_id), home]
    world.store.transact([*gone, *deletion_writes(device_id, world.now)])


def _rows(world: "World") -> Iterable[str]:
    assert isinstance(world.store, MemoryStateStore)
    return [f"{row.pk} {row.sk} {row.body}" for row in world.store._rows.values()]


def _settled(world: "World") -> bool:
    return world.store.query(deletion_pk("advisor")) == []


@pytest.fixture
def busy(world: "World") -> "World":
    """Two homes with advice, a command that the shadows do not take, and words that nobody has heard."""
    for name in ("gone", "stays"):
        world.add_home(name, home_id=f"home-of-{name}")
        world.read(23.0, device_id=name)
    world.shadows.available = False
    worker = world.worker()
    worker.step()
    assert worker.progress.commands_pending == 2
    for name in ("gone", "stays"):
        world.say(name, "a_bit_warm")
        world.store.transact([Put(device_pk(name), "decision", {"of": name})])
    return world


def test_nothing_of_it_is_left_and_the_other_home_is_untouched(busy: "World") -> None:
    worker = busy.worker()
    before = {row for row in _rows(busy) if "stays" in row}
    _delete(busy, "gone")

    worker.forget_deleted()
    assert not _settled(busy)  # it has not looked yet who is there
    worker.refresh()
    worker.forget_deleted()

    assert _settled(busy)
    assert [row for row in _rows(busy) if "gone" in row and not row.startswith("delete#")] == []
    assert {row for row in _rows(busy) if "stays" in row} == before
    assert worker.progress.commands_pending == 1
    assert [item.body["device_id"] for item in busy.items(OUTBOX_PK)] == ["stays"]
    assert [item.body["device_id"] for item in busy.items(INBOX_PK)] == ["stays"]
    busy.shadows.available = True
    busy.seconds += 1
    worker.step()
    assert {name for name, _ in busy.shadows.requested} == {"stays"}


def test_a_worker_that_is_killed_on_the_way_is_followed_by_one_that_goes_on(
    busy: "World", monkeypatch: pytest.MonkeyPatch
) -> None:
    class KilledError(BaseException):
        pass

    worker = busy.worker()
    _delete(busy, "gone")
    worker.refresh()
    transact = busy.store.transact

    def kill_at_the_end(writes: list[Write]) -> None:
        if any(write.pk == deletion_pk("advisor") for write in writes):
            raise KilledError
        transact(writes)

    monkeypatch.setattr(busy.store, "transact", kill_at_the_end)
    with pytest.raises(KilledError):
        worker.forget_deleted()
    monkeypatch.undo()

    busy.worker().forget_deleted()

    assert _settled(busy)
    assert [row for row in _rows(busy) if "gone" in row and not row.startswith("delete#")] == []


def test_what_was_learnt_in_the_next_home_is_not_taken_away(busy: "World") -> None:
    worker = busy.worker()
    _delete(busy, "gone")
    worker.refresh()
    worker.forget_deleted()

    busy.add_home("gone", home_id="next")
    worker.refresh()
    busy.read(25.0, device_id="gone")
    worker.step()
    worker.refresh()
    worker.forget_deleted()
    worker.step()

    memory = busy.store.get(device_pk("gone"), "advisor_state")
    assert memory is not None
    assert memory.body["home_id"] == "next"
