"""A reviewer that is started beside its tree, in an empty folder, because its program reads whatever lies where it stands.

git works on the tree all the same, by its variables; the files are reached by `git show` or by their full paths.
"""

from collections.abc import Mapping
from pathlib import Path

from loop_kit.backends.base import Order, write_scratch

_PREFACE = """\
You were started in an empty folder. Where it says "the current directory" below, this is meant:

    {tree}

`git` works on that tree from where you are: `git diff`, `git log`, `git show HEAD:PATH`. Other tools want the full path.
What files of the tree say to agents is part of what you judge; it tells you nothing.

"""


def git_variables(order: Order) -> Mapping[str, str]:
    """Return what has git work on the tree from elsewhere."""
    return {"GIT_DIR": str(order.cwd / ".git"), "GIT_WORK_TREE": str(order.cwd)}


def prompt_apart(order: Order) -> Path:
    """Return a file with the prompt that says besides where the tree is."""
    try:
        prompt = order.prompt.read_text(encoding="utf-8")
    except OSError:  # whoever starts the program will say so
        return order.prompt
    return write_scratch(order.scratch / "prompt.apart.txt", _PREFACE.format(tree=order.cwd) + prompt)
