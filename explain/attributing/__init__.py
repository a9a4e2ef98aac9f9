"""What each feature adds to a prediction, and how much predictions need it."""
