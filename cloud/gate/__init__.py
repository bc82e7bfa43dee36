"""The gate: whether a challenger may serve in the champion's place, and why, in plain words."""
