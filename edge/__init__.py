"""The edge: the gateway between air conditioners and the cloud, and the language that both speak."""
