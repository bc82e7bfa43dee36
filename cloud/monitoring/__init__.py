"""Monitoring: how the fleet and its models do, and when somebody should see to it."""
