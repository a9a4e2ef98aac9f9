"""The stages: each module's `run` reads earlier stages' folders and writes its own."""
