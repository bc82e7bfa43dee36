"""Zoned: a second family of simulated homes with other equations; nothing is learnt or chosen on it."""
