"""What the HTTP API serves from, as ports."""

from dataclasses import dataclass

from cloud.ports.history import DeviceHistory
from cloud.ports.state import StateStore
from cloud.ports.telemetry import AppReadings, DeadLetters


@dataclass(frozen=True, slots=True)
class ApiStores:
    """The stores of the API; replicas share these, and the file of signing keys.

    Attributes:
        state: Serving state, shared with the advisor.
        readings: Recent readings and events, written by ingest.
        history: All readings, also those that are not recent.
        letters: What ingest has refused.
    """

    state: StateStore
    readings: AppReadings
    history: DeviceHistory
    letters: DeadLetters
