"""What a person asks loop to do besides a run: hand in, accept, undo, check, probe, write cards."""
