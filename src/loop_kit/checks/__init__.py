"""What is tried: loop runs the project's own commands and keeps what they showed.

It gets trees, environment and log folder handed to it; it knows neither git nor the bus.
"""
