"""What logins of other makes may not say although their role lets them."""

from infra.local.broker import Identity
from infra.local.foreign_topics import others_words

SOURCES = ("home_assistant:radiator-7",)


def test_a_bridge_goes_on_announcing_what_was_found_by_its_own_name_and_nobody_elses() -> None:
    own = Identity("zigbee2mqtt", "p", "site", "bridge")
    found = Identity("ac-1", "p", "site", "device", sources=("home_assistant:zigbee2mqtt",))
    other = Identity("ac-2", "p", "site", "device", sources=SOURCES)

    assert others_words(own, [own, found, other]) == [
        "homeassistant.*.radiator-7.config",
        "homeassistant.*.radiator-7.*.config",
    ]
