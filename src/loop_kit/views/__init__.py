"""Looking at a run: reads the bus, never writes, and imports nothing that is slow to load."""
