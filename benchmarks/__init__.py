"""Benchmarks: one file for each table or claim, each with `run(quick) -> dict`; `strokewright bench NAME` runs them."""
