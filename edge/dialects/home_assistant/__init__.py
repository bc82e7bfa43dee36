"""Home Assistant's MQTT discovery, by which many makes say what they are."""
