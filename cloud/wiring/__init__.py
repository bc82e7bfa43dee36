"""Wiring: each module joins one process of the cloud to its adapters; `run(settings)` serves until SIGTERM."""
