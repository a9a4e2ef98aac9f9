"""What is said of a simulated A/B test of the rescue list: `words`, `tables` and the `page` that has both."""
