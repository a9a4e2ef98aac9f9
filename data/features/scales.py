"""Numbers that features are made with, free of the SQL engine: a live session's are computed without it."""

PRICE_SCALE = 10_000
"""Prices are summed in ten-thousandths of the currency."""

RATIO_SCALE = 1_000_000_000
"""Ratios are summed in billionths."""

PRIOR_PURCHASES = 1
PRIOR_CARTS = 4
"""An item without history counts as one with 1 purchase in 4 cart events."""
