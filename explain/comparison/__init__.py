"""The page and the words for alternatives that were compared under one budget."""

from explain.comparison.page import write_comparison
from explain.comparison.words import comparison_lines

__all__ = ["comparison_lines", "write_comparison"]
