"""Adapters: the technologies behind the edge's ports."""
