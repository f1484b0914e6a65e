"""Types of values that several documents share, with their rules."""

from collections.abc import Mapping
from typing import Annotated

from loop_kit.values.annotations import NOT_BLANK, Pattern, Range, Size

NAME_RULE = (
    "up to 64 letters, digits, '.', '_' or '-', starting with a letter or digit, without '..' "
    "and not ending in '.' or '.lock'"
)
Count = Annotated[int, Range(0)]
Amount = Annotated[float, Range(0, 1e15)]
RoundNumber = Annotated[int, Range(1, 1_000_000)]
# A task's id becomes a folder and a component of a ref.
TaskId = Annotated[
    str,
    Size(0, 64),
    Pattern(r"^(?!.*\.\.)(?!.*\.(lock)?$)[A-Za-z0-9][A-Za-z0-9._-]*(?![\s\S])", f"it should be {NAME_RULE}"),
]
# The name that a run's archive folder, refs and logs share; empty until the run has claimed one.
RunName = Annotated[
    str,
    Pattern(
        r"^((?!.*\.\.)(?!.*\.(lock)?(@.*)?$)[A-Za-z0-9][A-Za-z0-9._-]{0,63}(@([2-9]|[1-9][0-9]{1,8}))?)?(?![\s\S])",
        "it should be a task's id, alone or followed by '@' and a number from 2",
    ),
]
# In a report they are claims. One that is malformed names no task or commit; that is said where the report is judged.
ClaimedTask = Annotated[str, Size(1, 64)]
ClaimedSha = Annotated[str, Size(4, 64)]
Text = Annotated[str, NOT_BLANK, Size(1, 100_000)]
Sentences = Annotated[tuple[Annotated[str, Size(0, 20_000)], ...], Size(0, 1000)]
Texts = Mapping[str, str]
Time = Annotated[
    str,
    Pattern(
        r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z(?![\s\S])",
        "it should be a time as 2025-01-31T08:00:00.000Z",
    ),
]
Seconds = Annotated[float, Range(0, 31_536_000)]
Dollars = Annotated[float, Range(0, 1_000_000)]
# What is passed to a program: its command line, an option, a path, the value of a variable.
Argument = Annotated[str, Size(0, 100_000), Pattern(r"^[^\u0000]*$", "it should be a text without NUL characters")]
Arguments = Annotated[tuple[Argument, ...], Size(0, 1000)]
VariableName = Annotated[
    str,
    Pattern(
        r"^[A-Za-z_][A-Za-z0-9_]*(?![\s\S])",
        "a variable's name should be made of letters, digits and '_', not starting with a digit",
    ),
]
Variables = Annotated[Mapping[VariableName, Argument], Size(0, 1000)]
VariablePatterns = Annotated[
    tuple[
        Annotated[
            str,
            Size(0, 1000),
            Pattern(
                r"^[A-Za-z_][A-Za-z0-9_]*\*?(?![\s\S])",
                "it should be a variable's name, or the beginning of one followed by '*'",
            ),
        ],
        ...,
    ],
    Size(0, 1000),
]
# The name of a role becomes part of the names of files. What leads a run is called "pm" beside them.
Role = Annotated[
    str,
    Size(0, 64),
    Pattern(
        r"^(?!pm(?![\s\S]))[A-Za-z0-9][A-Za-z0-9._-]*(?![\s\S])",
        "a role's name should be up to 64 letters, digits, '.', '_' or '-', starting with a letter or digit",
    ),
]
Reviewer = Annotated[
    str,
    Size(0, 64),
    Pattern(
        r"^(?!(pm|worker)(?![\s\S]))[A-Za-z0-9][A-Za-z0-9._-]*(?![\s\S])",
        "it should be a reviewer's name: a role of [roles] or a backend",
    ),
]
BackendName = Annotated[
    str,
    Size(0, 64),
    Pattern(
        r"^[A-Za-z0-9][A-Za-z0-9._-]*(?![\s\S])",
        "a backend's name should be up to 64 letters, digits, '.', '_' or '-', starting with a letter or digit",
    ),
]
BackendNames = Annotated[
    str,
    Size(0, 1000),
    Pattern(
        r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}( *, *[A-Za-z0-9][A-Za-z0-9._-]{0,63})*(?![\s\S])",
        "it should be a backend's name, or several with commas between them, as codex,claude",
    ),
]
