"""Hypothesis without a deadline and with fixed seeds: a slow machine fails no test, and two runs test the same."""

from hypothesis import settings

settings.register_profile("fixed", deadline=None, derandomize=True)
settings.load_profile("fixed")
