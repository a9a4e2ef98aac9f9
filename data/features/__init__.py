"""Features of an event log at decision points: what they are (`catalogue`) and how they are computed (the rest)."""
