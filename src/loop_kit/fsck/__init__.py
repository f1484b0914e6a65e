"""Consistency checks: the documents of a bus, what git keeps for it, and what dead runs left behind."""
