"""What installed packages offer to loop by entry points: found by group, loaded, and refused in one sentence."""

from typing import TYPE_CHECKING, Any

from loop_kit.errors import ConfigError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint, EntryPoints

# What importing somebody else's module may raise: anything, also the wish to end the program.
IMPORT_FAILURES = (Exception, SystemExit)


def offered(group: str) -> "EntryPoints":
    """Return what installed packages offer; looking for that takes longer than all else that a start does here.

    Raises `ConfigError` when there is nothing at all: loop itself offers something to each group.
    """
    from importlib.metadata import entry_points  # noqa: PLC0415  (most starts ask for nothing of the kind)

    found = entry_points(group=group)
    if not found:
        raise ConfigError(
            f"this loop was installed without its entry points ({group})",
            hint="install it again, from a checkout with: pip install -e .",
        )
    return found


def load(entry: "EntryPoint", what: str) -> Any:
    """Return what an entry point names, an instance where that is a class; raise `ConfigError` when it cannot be loaded.

    `what` is what it should be, such as "backend", for the sentence.
    """
    try:
        loaded = entry.load()
        return loaded() if isinstance(loaded, type) else loaded
    except IMPORT_FAILURES as error:
        raise ConfigError(
            f"the {what} '{entry.name}' of {entry.value} cannot be loaded: {str(error) or type(error).__name__}",
            hint="install a working version of its package",
        ) from error
