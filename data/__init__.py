"""From raw shop logs to examples: event contract, sources, sessions, features, splits and the demo shop."""
