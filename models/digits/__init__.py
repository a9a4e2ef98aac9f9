"""The digit classifier, a second problem for the same tools."""
