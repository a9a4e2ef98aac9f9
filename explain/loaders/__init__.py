"""How a logged model that gives reasons is loaded where this checkout is not; as `models.loaders`."""
