"""Adopt a bus of agent-task-runner 0.3.x.

Its bus is a folder of the same name with files of the same names, so people may have one where loop is to run. No module imports
this package: `loop init`, and every command that finds a bus without a run of loop's own, load `adopter.ADOPTER` from the entry
point group `loop_kit.adopters`. All that loop knows of that tool is here: `traces` recognises its bus, `adoption` moves what
loop would misread, `config` translates its settings, `adopting` reports to the person.

It never changes or loses a byte of what it finds, never trusts what that tool says of a run, and never touches a bus of loop's
own or one that the tool is using.
"""
