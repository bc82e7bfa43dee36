"""Dialects: what devices of each make say and understand; the wire contract is one of them."""
