"""The backend `acp`: any agent that speaks the Agent Client Protocol (ACP), driven by a bridge, a program of its own.

It comes with loop and is none of it: like a stranger's package it is found by the entry point group `loop_kit.backends`, and
imports of loop what stands in `loop_kit.backends.api`. `backend` starts the bridge and reads what it tells, `presets` says how
known agents are driven, `bridge` imports nothing of loop and is imported by nobody.
"""
