"""Is the bus whole: what lies there, what git keeps for it, and what dead runs left behind."""
