"""Home Assistant: how devices and their advice appear there, and what people press there."""
