import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from device_sim.fleet import Fleet, FleetSpec
from device_sim.wire.dialects.choice import speak
from device_sim.wire.packing import Packer
from device_sim.wire.publisher import Credentials, FleetPublisher, Line, own_lines, shared_lines
from infra.local.broker import Broker, Identity

DEVICES, MESSAGES, CONNECTIONS = 200, 20_000, 4
START = datetime(2025, 7, 1, 7, tzinfo=UTC)


@pytest.mark.bench
def test_few_connections_against_one_for_each_device(make_broker: Callable[..., Broker]) -> None:
    fleet = Fleet(FleetSpec(homes=DEVICES, seed=1, start=START), 1)
    device_ids = [site.device_id for site in fleet.sites]
    broker = make_broker(
        Identity("fleet", "of-all", "cloud", "service"),
        *(Identity(device_id, "pw", "cloud", "device") for device_id in device_ids),
    )
    packer = Packer(1)
    messages = [said for _ in range(MESSAGES // DEVICES) for said in packer.add(fleet.step())]

    def messages_per_s(lines: list[Line]) -> float:
        publisher = FleetPublisher(lines, "127.0.0.1", broker.settings.mqtt_port, fleet.command)
        publisher.connect(60.0)
        assert publisher.drain(10)
        started = time.perf_counter()
        for number, (device_id, message) in enumerate(messages):
            publisher.publish(device_id, message)
            if number % DEVICES == 0:
                publisher.pump()
        assert publisher.drain(60)
        rate = len(messages) / (time.perf_counter() - started)
        publisher.close()
        return rate

    own = messages_per_s(own_lines({device_id: Credentials(device_id, "pw") for device_id in device_ids}))
    few = messages_per_s(
        shared_lines(Credentials("fleet", "of-all"), speak("native", device_ids), CONNECTIONS)
    )
    print(
        f"{CONNECTIONS} connections publish {few / own:.2f} times as many messages a second as {DEVICES}"
        f" ({few:.0f} and {own:.0f} messages/s, one reading each)"
    )
    assert few > 0
