"""The wire contract as JSON Schema (2020-12), for firmware and tools that are not written in Python."""
