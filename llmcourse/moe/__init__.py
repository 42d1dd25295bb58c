"""A mixture of experts: many feed-forward networks, of which each token meets a few (chapter 6)."""
