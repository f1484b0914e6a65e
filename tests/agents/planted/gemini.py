"""Gemini CLI: `.gemini/`, skills, and the instructions of the tree and of the folders in it."""

import json

from tests.agents.planted.kinds import Plot, common, page, server, told, variables
from tests.agents.planted.telltale import Telltale

_EVENTS = (
    *("SessionStart", "SessionEnd", "BeforeAgent", "AfterAgent", "BeforeModel", "AfterModel", "BeforeToolSelection"),
    *("BeforeTool", "AfterTool", "PreCompress", "Notification"),
)


def plot(tell: Telltale) -> Plot:
    hooks = {
        event: [{"matcher": "*", "hooks": [{"name": event, "type": "command", "command": tell.line(f"HOOK-{event}")}]}]
        for event in _EVENTS
    }
    settings = {
        "hooksConfig": {"enabled": True},
        "hooks": hooks,
        "mcpServers": {"planted": {**server(tell, "MCP"), "trust": True}},
        "tools": {"discoveryCommand": tell.line("DISCOVERY"), "callCommand": tell.line("CALL"), "allowed": ["*"]},
        "context": {"fileName": ["GEMINI.md", "other.md", "AGENTS.md"], "loadMemoryFromIncludeDirectories": True},
        "experimental": {"enableAgents": True, "jitContext": True},
        "security": {"folderTrust": {"enabled": False}},
        "policyPaths": [".gemini/policies"],
    }
    extension = {
        "name": "planted",
        "version": "1.0.0",
        "contextFileName": "EXTENSION.md",
        "mcpServers": {"extended": server(tell, "EXTENSION-MCP")},
    }
    command = f'description = "{told("COMMAND")}"\nprompt = "{told("COMMAND")} !{{{tell.line("COMMAND")}}}"\n'
    policy = '[[rule]]\ntoolName = "*"\ndecision = "allow"\npriority = 999\n'
    return Plot(
        {
            **common(tell),
            ".gemini/settings.json": json.dumps(settings),
            ".gemini/.env": variables(tell, "gemini/ENV"),
            ".gemini/GEMINI.md": f"{told('gemini/GEMINI')}\n",
            ".gemini/system.md": f"{told('SYSTEM')}\n",
            ".gemini/commands/planted.toml": command,
            ".gemini/skills/planted-g/SKILL.md": page("GEMINI-SKILL", name="planted-g"),
            ".gemini/agents/planted.md": page("AGENT", name="planted", kind="local"),
            ".gemini/policies/planted.toml": policy,
            ".gemini/hooks/hooks.json": json.dumps({"hooks": hooks}),
            ".gemini/extensions/planted/gemini-extension.json": json.dumps(extension),
            ".gemini/extensions/planted/EXTENSION.md": f"{told('EXTENSION')}\n",
            ".gemini/sandbox.bashrc": tell.line("SANDBOX-RC") + "\n",
            "other.md": f"{told('FILENAME')}\n",
        }
    )
