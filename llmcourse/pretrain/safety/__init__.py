"""Nothing is lost, nobody waits for ever: signals, hanging ranks, whose code failed, how a run ended."""
