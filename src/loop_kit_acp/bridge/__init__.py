"""The bridge: a program of its own that holds a conversation with one agent in the Agent Client Protocol (ACP).

It tells in event lines what the agent does; `loop_kit_acp.backend` starts it and reads them. Nothing of loop is imported
here, and nothing here is imported by anybody.
"""
