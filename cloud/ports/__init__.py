"""Ports: what the cloud's logic and the API need from the outside, in words that name no technology."""
