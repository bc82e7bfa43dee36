"""Outdoors: the weather that all homes of a fleet share."""
