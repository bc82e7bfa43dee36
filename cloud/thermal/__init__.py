"""Thermal: a grey box of each home, from setpoints and weather to indoor temperature and electricity."""
