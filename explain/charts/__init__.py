"""Charts of every page, as inline SVG."""
