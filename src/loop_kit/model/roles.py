"""What a role may do, and how its program answers: all that whoever starts a program has to know of it."""

from enum import StrEnum

WORKER = "worker"


class Access(StrEnum):
    """What an agent may do to the tree that it stands in."""

    READ = "read"  # look, and run what only looks
    WRITE = "write"  # edit, run and commit


class Answer(StrEnum):
    """Where an agent leaves its document."""

    FILE = "file"  # in the file that LOOP_REPORT names
    FORM = "form"  # in the form that its program was started with
    TEXT = "text"  # in its last message: its program can write no file
