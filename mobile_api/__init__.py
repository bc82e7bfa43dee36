"""The HTTP API: what phones, pages and voice assistants ask."""
