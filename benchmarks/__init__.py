"""Side-by-side measurements; each is `python -m benchmarks.NAME [--quick]`."""
