"""What a budget of computation buys, and how far to trust the answer (chapter 5)."""
