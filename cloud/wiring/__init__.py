"""Wiring: each module joins one process to its adapters; `run(settings)` serves until SIGTERM."""
