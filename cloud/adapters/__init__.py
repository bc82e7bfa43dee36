"""Adapters: the technologies behind the cloud's ports."""
