"""Checks: loop runs the project's own commands and keeps what they showed.

Trees, environment and log folder are passed in; this package knows neither git nor the bus.
"""
