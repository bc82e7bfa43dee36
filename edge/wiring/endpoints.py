"""Endpoints: the two brokers of a gateway, and who it is to each, from its settings."""

from edge.adapters.mqtt_session import Endpoint, Tls
from edge.config import EdgeSettings
from edge.quotas import CONNECT_INTERVAL_S


def cloud_endpoint(settings: EdgeSettings, client_id: str) -> Endpoint:
    """The cloud's broker, and who this gateway is to it."""
    tls = None
    if settings.cloud_ca_file is not None:
        tls = Tls(settings.cloud_ca_file, settings.cloud_cert_file, settings.cloud_key_file)
    by_certificate = settings.uplink == "aws_iot"
    return Endpoint(
        settings.cloud_host,
        settings.cloud_port,
        "" if by_certificate else settings.cloud_username or settings.gateway_id,
        settings.cloud_password,
        client_id=client_id,
        durable=False,
        tls=tls,
        connect_interval_s=CONNECT_INTERVAL_S if by_certificate else 0.0,
        longest_wait_s=settings.reconnect_max_s,
    )


def site_endpoint(settings: EdgeSettings, client_id: str, *, durable: bool) -> Endpoint:
    """The devices' broker, and who this gateway is to it."""
    return Endpoint(
        settings.site_host,
        settings.site_port,
        settings.site_username or f"{settings.gateway_id}@site",
        settings.site_password,
        client_id=client_id,
        durable=durable,
        longest_wait_s=settings.reconnect_max_s,
    )
