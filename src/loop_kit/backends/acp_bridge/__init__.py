"""The bridge: a program of its own that holds a conversation with one agent in the Agent Client Protocol (ACP).

It tells in event lines what the agent does; `backends/acp.py` starts it and reads them. Nothing else of loop is
imported here, and nothing here is imported by the rest of loop.
"""
