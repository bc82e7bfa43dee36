"""People: where they are, what they feel, and what they do about it."""
