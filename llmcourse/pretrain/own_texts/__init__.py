"""Somebody's own texts: cut, and a small run for them."""
