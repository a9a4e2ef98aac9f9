"""Raw logs, read and mapped to the event contract."""
