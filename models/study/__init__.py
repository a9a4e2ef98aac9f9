"""Alternatives side by side under one budget."""
