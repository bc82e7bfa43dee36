"""Machines: compressors, coils, sensors and their firmware."""
