"""A run from its start to its end: what must hold before it, round after round, what is cleared away after it."""
