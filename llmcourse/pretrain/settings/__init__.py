"""What a run is told: one file of settings, every mistake named before a rank starts."""
