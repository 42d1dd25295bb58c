"""Text of any size as tokens: read in parts, by many processes, once; then mixed by weight."""
