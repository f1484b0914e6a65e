"""What every step stands on: the run and its state, seals, pins, limits, what is watched, the summary."""
