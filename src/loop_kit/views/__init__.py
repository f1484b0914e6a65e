"""What people see of a run, read from its events and the bus. Writes nothing and imports nothing that is slow."""
