"""Judging: advice and its rivals in closed loop on simulated homes, paired with their habit."""
