"""Dialects: each module turns what one kind of device says into the wire contract.

A dialect names the site topics it listens to (`FILTERS`) and has `hear(message) -> Heard`; nothing behind it
knows what the device really said. `native` is the contract itself.
"""
