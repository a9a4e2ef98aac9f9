"""An A/B test on the demo shop of what acting on the rescue list brings.

`fresh` makes the carts of other visitors with their truth; `ab_testing` nudges them in several ways.
"""
