"""The bus of agent-task-runner 0.3.x, and how loop takes it over.

Its bus is a folder of the same name with files of the same names, so people have one where loop is to go on. Nobody imports
this package: `loop init`, and every command that meets a bus without a run of loop's own, reach `adopter.ADOPTER` by the entry
point group `loop_kit.adopters`. It owns all that loop knows of that tool: `traces` by which its bus is known, `adoption`
that moves what loop would misread, `config` that says its settings in loop's words, `adopting` that tells the person.

It never changes or loses a byte of what it finds, never believes what that tool says of a run, and never touches a bus that
is loop's own or one that the tool is at work on.
"""
