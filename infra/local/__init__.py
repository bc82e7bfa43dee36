"""One machine: the `ac-advisor` command and the supervisor that starts and stops processes."""
