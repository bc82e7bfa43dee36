"""Facts: what engineers know of homes in general, measured on a fleet and set beside its source."""
