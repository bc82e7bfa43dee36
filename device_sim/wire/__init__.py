"""The wire: what devices say, and how it reaches a broker."""
