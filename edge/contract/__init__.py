"""The wire contract: every message that crosses a process boundary, and nothing else (pydantic only)."""

from edge.contract.claim import ClaimCode as ClaimCode
from edge.contract.claim import ClaimRequest as ClaimRequest
from edge.contract.claim import FoundDevice as FoundDevice
from edge.contract.claim import SiteDevice as SiteDevice
from edge.contract.claim import SiteDevices as SiteDevices
from edge.contract.event import Event as Event
from edge.contract.event import EventKind as EventKind
from edge.contract.quantities import ChangedBy as ChangedBy
from edge.contract.quantities import DeviceId as DeviceId
from edge.contract.quantities import Fan as Fan
from edge.contract.quantities import Mode as Mode
from edge.contract.quantities import RequestedBy as RequestedBy
from edge.contract.shadow import Desired as Desired
from edge.contract.shadow import Reported as Reported
from edge.contract.shadow import ShadowUpdate as ShadowUpdate
from edge.contract.shadow import update_document as update_document
from edge.contract.telemetry import MAX_PAYLOAD_BYTES as MAX_PAYLOAD_BYTES
from edge.contract.telemetry import MAX_READINGS_PER_MESSAGE as MAX_READINGS_PER_MESSAGE
from edge.contract.telemetry import Refusal as Refusal
from edge.contract.telemetry import Telemetry as Telemetry
from edge.contract.telemetry import read_telemetry as read_telemetry
from edge.contract.telemetry import write_telemetry as write_telemetry
