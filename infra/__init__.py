"""How it runs: the local composition root, and later the cloud's."""
