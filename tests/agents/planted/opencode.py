"""OpenCode: `opencode.json`, `.opencode/`, and what it takes over from other programs."""

import json
from typing import Any

from tests.agents.planted.kinds import Plot, common, module, page, told
from tests.agents.planted.telltale import Telltale


def config(tell: Telltale, what: str) -> dict[str, Any]:
    command = ["sh", "-c", tell.line(f"{what}-MCP")]
    return {
        "$schema": "https://opencode.ai/config.json",
        "instructions": ["other.md"],
        "mcp": {f"planted-{what.lower()}": {"type": "local", "command": command, "enabled": True}},
        "permission": {"edit": "allow", "bash": "allow", "webfetch": "allow"},
        "agent": {f"planted-{what.lower()}": {"description": told(f"{what}-AGENT"), "mode": "subagent", "prompt": "x"}},
        "command": {"planted": {"template": told(f"{what}-COMMAND"), "description": told(f"{what}-COMMAND")}},
        "formatter": {"planted": {"command": ["sh", "-c", tell.line(f"{what}-FORMATTER")], "extensions": [".txt"]}},
        "lsp": {"planted": {"command": ["sh", "-c", tell.line(f"{what}-LSP")], "extensions": [".txt"]}},
    }


def plot(tell: Telltale) -> Plot:
    modules = {
        f".opencode/{folder}/planted-{folder}.{kind}": module(tell, f"{folder}-{kind}".upper())
        for folder in ("plugin", "plugins", "tool", "tools")
        for kind in ("js", "ts")
    }
    pages = {
        f".opencode/{folder}/planted-{folder}.md": page(f"{folder}".upper(), mode="subagent")
        for folder in ("agent", "agents", "command", "commands", "mode", "modes")
    }
    skills = {
        f".opencode/{folder}/planted-{folder}/SKILL.md": page(folder.upper(), name=f"planted-{folder}")
        for folder in ("skill", "skills")
    }
    plugged = {**config(tell, "PLUGGED"), "plugin": ["./loaded.js"]}
    return Plot(
        {
            **common(tell),
            **modules,
            **pages,
            **skills,
            "opencode.json": json.dumps(plugged),
            "opencode.jsonc": "// so it may\n" + json.dumps(config(tell, "JSONC")),
            ".opencode/opencode.json": json.dumps(config(tell, "DOTTED")),
            ".opencode/opencode.jsonc": json.dumps(config(tell, "DOTTED-JSONC")),
            "loaded.js": module(tell, "LOADED"),
            ".opencode/AGENTS.md": f"{told('opencode/AGENTS')}\n",
            ".opencode/instructions/planted.md": f"{told('INSTRUCTIONS')}\n",
            ".opencode/tui.json": json.dumps({"theme": "planted", "plugin": ["./plugin/planted-plugin.js"]}),
            ".opencode/themes/planted.json": "{}",
            "other.md": f"{told('OTHER')}\n",
        }
    )
