"""The report of a run: its data, its parts in words and tables, and the page."""
