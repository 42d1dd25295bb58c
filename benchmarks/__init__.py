"""Side-by-side measurements against the libraries that people use. `python -m benchmarks` runs them all."""
