"""Discovery: where a client finds our endpoints (RFC 8414) and a resource server our keys (RFC 7517)."""

import json

from flask import Response

from mobile_api.identity_records import DEVICE_GRANT
from mobile_api.keys import published
from mobile_api.operations import Operations
from mobile_api.records import ALL_SCOPES
from mobile_api.services import services

CACHED_S = 300
"""Whoever keeps our keys asks again after so long [s]; a new key is published for longer before it signs."""

operations = Operations("oauth")


@operations.get("/.well-known/oauth-authorization-server", public=True, documented=False)
def show_authorization_server() -> Response:
    """What this authorization server can do, and where."""
    issuer = services().settings.issuer
    secret = ["client_secret_basic", "client_secret_post"]
    return _shown(
        {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/oauth/authorize",
            "token_endpoint": f"{issuer}/oauth/token",
            "revocation_endpoint": f"{issuer}/oauth/revoke",
            "introspection_endpoint": f"{issuer}/oauth/introspect",
            "device_authorization_endpoint": f"{issuer}/oauth/device",
            "jwks_uri": f"{issuer}/.well-known/jwks.json",
            "scopes_supported": list(ALL_SCOPES),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token", DEVICE_GRANT],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": [*secret, "none"],
            "revocation_endpoint_auth_methods_supported": [*secret, "none"],
            "introspection_endpoint_auth_methods_supported": secret,
            "service_documentation": f"{issuer}/openapi.json",
        }
    )


@operations.get("/.well-known/jwks.json", public=True, documented=False)
def show_keys() -> Response:
    """The public halves of our signing keys, of the next one too."""
    use = services()
    return _shown(published(use.tokens.keys.accepted(use.now())))


def _shown(document: object) -> Response:
    response = Response(json.dumps(document), mimetype="application/json")
    response.headers["Cache-Control"] = f"public, max-age={CACHED_S}"
    return response
