"""The model as a whole: shapes of its effects, interactions, features that go together, stand-ins, and its parts."""
