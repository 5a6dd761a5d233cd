"""Benchmarks against peers, as ratios within one run: `make bench`."""
