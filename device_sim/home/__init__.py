"""Homes: what they are made of, and how warm and damp they get."""
