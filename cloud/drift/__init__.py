"""Drift: what is another way in a fleet than it was, by cohort, in numbers that triggers compare."""
