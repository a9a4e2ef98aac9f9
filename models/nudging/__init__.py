"""What a nudge is worth, and how one finds out."""
