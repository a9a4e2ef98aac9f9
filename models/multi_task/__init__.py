"""Next item and abandonment in one network, and whether that helps."""
