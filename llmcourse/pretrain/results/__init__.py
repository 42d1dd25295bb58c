"""What a run leaves behind: its model, its card, its curves."""
