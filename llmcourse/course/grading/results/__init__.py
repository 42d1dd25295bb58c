"""What comes out: scores, feedback pages, files for other platforms."""
