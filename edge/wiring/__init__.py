"""Wiring: the only place of the gateway that knows both its logic and its adapters."""
