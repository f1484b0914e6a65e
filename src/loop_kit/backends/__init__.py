"""Who does it: one file per agent program, each a value that builds a command and reads what the program prints.

Nothing here starts a process. `registry.find_backend` is the way in; no file outside this package names a backend. `api` is what
a package with a backend of its own imports.
"""
