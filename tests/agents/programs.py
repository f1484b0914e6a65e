"""What each real program needs so that it talks to our model server and to nobody else: one row for each."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.agents.cases import CASES, Ending
from tests.agents.wire.parts import MODEL

KEY = "sk-made-up"


@dataclass(frozen=True, kw_only=True)
class Program:
    """One row: `{url}` stands for the model server. `env` is what a person would have exported, `home` files in HOME."""

    backend: str
    model: str = MODEL
    args: tuple[str, ...] = ()
    table: Mapping[str, str] = field(default_factory=dict)  # its [backends.NAME], when it is no name that loop knows
    env: Mapping[str, str] = field(default_factory=dict)
    home: Mapping[str, str] = field(default_factory=dict)
    trusting: Mapping[str, str] = field(
        default_factory=dict
    )  # what files in HOME say besides where a person trusts `{root}`, and all that lies in it, as far as can be
    unfenced: tuple[str, ...] = ()  # options that let a worker write what its own sandbox protects
    daring: tuple[str, ...] = ()  # options that take away what else a program has against a tree's settings
    silence: float = 8.0  # seconds without output that its start does not need, on a busy machine too
    told_to_wait: int | None = None  # Retry-After, in seconds, for a program that otherwise waits for minutes
    asks: int = 1  # how often it asks by itself before it tells loop that it is asked too much
    says_when: bool = False  # whether it tells loop how long the service wants to be left alone
    keeps_failed: bool = True  # whether it can take up a conversation whose first call failed
    reads_for_worker: tuple[
        str, ...
    ] = ()  # instructions of the tree that its next round is told all the same, by their ends
    leaves: int = 0  # processes that it may leave behind, and that loop ends
    remembers: bool = True  # whether it can take up a conversation in another process
    ends: Mapping[str, Ending] = field(
        default_factory=dict
    )  # where it ends otherwise than most, by the name of the case


_CODEX_PROVIDER = (
    'model_providers.lab={name="lab",base_url="{url}/v1",env_key="CODEX_API_KEY",wire_api="responses",'
    "request_max_retries=0,stream_max_retries=0}"
)

_CODEX_TRUST = '[projects."{root}"]\ntrust_level = "trusted"\n'
CODEX = Program(
    backend="codex",
    args=("-c", 'model_provider="lab"', "-c", _CODEX_PROVIDER),
    env={"CODEX_API_KEY": KEY},
    home={".codex/config.toml": ""},  # its folder has to be there
    trusting={".codex/config.toml": _CODEX_TRUST},
    unfenced=("--dangerously-bypass-approvals-and-sandbox",),
    daring=("--dangerously-bypass-hook-trust",),
)
_CLAUDE_TRUST = '{"enableAllProjectMcpServers": true}'
CLAUDE = Program(
    backend="claude",
    env={"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": "{url}"},
    trusting={".claude/settings.json": _CLAUDE_TRUST},
    asks=3,
    ends={"cut": Ending("transient", "exited", 8)},  # it tells of a lost connection
)
_GEMINI_ENV = {"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": "{url}"}
# With a base URL it asks for the way to log in unless the settings name one.
_GEMINI_SETTINGS = json.dumps({"security": {"auth": {"selectedType": "gemini-api-key"}}, "general": {"maxAttempts": 1}})
GEMINI = Program(
    backend="gemini",
    env=_GEMINI_ENV,
    home={".gemini/settings.json": _GEMINI_SETTINGS},
    silence=15.0,
    reads_for_worker=("GEMINI.md",),  # of every folder that its file tools may write in
    keeps_failed=False,
)
_OPENCODE_CONFIG = json.dumps(
    {
        "autoupdate": False,
        "share": "disabled",
        "model": f"lab/{MODEL}",
        "small_model": f"lab/{MODEL}",
        "provider": {
            "lab": {
                "npm": "@ai-sdk/openai-compatible",
                "options": {"baseURL": "{url}/v1", "apiKey": KEY},
                "models": {MODEL: {"limit": {"context": 200000, "output": 8192}}},
            }
        },
    }
)
OPENCODE = Program(
    backend="opencode",
    model=f"lab/{MODEL}",
    env={"OPENCODE_CONFIG_CONTENT": _OPENCODE_CONFIG},
    silence=30.0,
    told_to_wait=1,
    asks=6,
    says_when=True,
    ends={"cut": Ending("truncated", "asked", 8)},
)
ACP = Program(
    backend="acp-gemini",
    table={"type": "acp", "preset": "gemini"},
    env=_GEMINI_ENV,
    home={".gemini/settings.json": _GEMINI_SETTINGS},
    silence=15.0,
    remembers=False,
    # Its service's status is all that it tells of a failure, and of an answer that was cut off it tells nothing.
    ends={"quota": Ending("transient", "exited", 8), "cut": Ending("no_document", "exited", 8)},
)
# What fails it tells in prose alone, and it takes long to start: one whole run shows what the other one cannot.
ACP_REMEMBERING = Program(
    backend="acp-opencode",
    table={"type": "acp", "preset": "opencode"},
    model=f"lab/{MODEL}",
    home={".xdg/config/opencode/opencode.json": _OPENCODE_CONFIG},
)
ACP_CLAUDE = Program(
    backend="acp-claude",
    model="",
    table={"type": "acp", "preset": "claude"},
    leaves=1,  # the program that its adapter started, when the adapter is the faster to end
    env={**CLAUDE.env, "IS_SANDBOX": "1"},  # it is root in its namespace
    trusting=CLAUDE.trusting,
)
ACP_CODEX = Program(
    backend="acp-codex",
    model="",
    table={"type": "acp", "preset": "codex"},
    leaves=1,
    env=CODEX.env,
    home={
        ".codex/config.toml": 'model = "scripted-1"\nmodel_provider = "lab"\n'
        '[model_providers.lab]\nname = "lab"\nbase_url = "{url}/v1"\nenv_key = "CODEX_API_KEY"\n'
        'wire_api = "responses"\nrequest_max_retries = 0\nstream_max_retries = 0\n'
    },
    trusting=CODEX.trusting,
)
ACP_ALL = {program.backend: program for program in (ACP_CLAUDE, ACP_CODEX, ACP_REMEMBERING)}
PROGRAMS = {program.backend: program for program in (CODEX, CLAUDE, GEMINI, OPENCODE, ACP)}


def ending(program: Program, case: str) -> Ending:
    """Return how loop has to end a case with a program."""
    return program.ends.get(case, CASES[case].ends)
