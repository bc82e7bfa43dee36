"""What goes wrong: planned faults of machines, sensors, windows, devices and their network."""
