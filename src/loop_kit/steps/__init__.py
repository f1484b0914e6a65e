"""A round and its steps: work, checks, review."""
