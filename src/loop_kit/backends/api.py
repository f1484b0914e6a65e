"""All that a package with a backend of its own needs of loop, and the one module of loop that it should import.

What stands here keeps its name and its meaning; what does not is loop's own business. `loop_kit.backends.contract` asks a
backend the questions that each has to answer, in its tests. `src/loop_kit_acp` is a package that keeps to this.
"""

from loop_kit.backends.apart import git_variables, prompt_apart
from loop_kit.backends.base import (
    Answering,
    Backend,
    Call,
    Concealing,
    Concluding,
    Configurable,
    Isolating,
    Order,
    clear_scratch,
    write_scratch,
)
from loop_kit.backends.credentials import Credentialed
from loop_kit.backends.ending import explain_exit, find_document, last_line
from loop_kit.backends.eventlines import read_event
from loop_kit.backends.fields import amount, clean, count, one_line, seconds, started, tool_detail
from loop_kit.backends.jsontext import at_path, parse_object
from loop_kit.backends.outside import SHELLS, Influenced, Source, SourceFormat, files, in_each
from loop_kit.backends.registry import find_backend, register_backend
from loop_kit.backends.versions import Measured
from loop_kit.errors import BackendError, ConfigError
from loop_kit.model.agent_events import AgentEvent, Failed, FailureKind, Finished, Said, SessionStarted, Usage, UsedTool
from loop_kit.model.config import BackendSettings
from loop_kit.model.roles import Access, Answer
from loop_kit.values.wording import did_you_mean

__all__ = [
    "SHELLS",
    "Access",
    "AgentEvent",
    "Answer",
    "Answering",
    "Backend",
    "BackendError",
    "BackendSettings",
    "Call",
    "Concealing",
    "Concluding",
    "ConfigError",
    "Configurable",
    "Credentialed",
    "Failed",
    "FailureKind",
    "Finished",
    "Influenced",
    "Isolating",
    "Measured",
    "Order",
    "Said",
    "SessionStarted",
    "Source",
    "SourceFormat",
    "Usage",
    "UsedTool",
    "amount",
    "at_path",
    "clean",
    "clear_scratch",
    "count",
    "did_you_mean",
    "explain_exit",
    "files",
    "find_backend",
    "find_document",
    "git_variables",
    "in_each",
    "last_line",
    "one_line",
    "parse_object",
    "prompt_apart",
    "read_event",
    "register_backend",
    "seconds",
    "started",
    "tool_detail",
    "write_scratch",
]
