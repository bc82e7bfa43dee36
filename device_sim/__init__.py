"""The simulated fleet: homes, machines, people and weather, publishing like real devices."""
