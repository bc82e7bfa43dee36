"""Digests: how secrets and addresses of ours stand in the store."""

import hashlib


def digest(secret: str) -> str:
    """SHA-256 [hex]. Secrets of ours have 256 random bits, so that no slow hash is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()
