"""A published package as somebody's repository: fetched once, committed as it is, and then with the bug."""

import json
import shlex
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.packages.catalogue import CRITERION, Package
from tests.support.fetching import download
from tests.support.repos import commit
from tests.support.runs import Stage, approves

BUG, HALF, WHOLE = "Simplify it", "Look at it again", "Mend the rest"  # what the commits say


def published(package: Package) -> dict[str, bytes]:
    """Return the files of the sdist."""
    folder = download(package.pin, f"{package.pin} --hash=sha256:{package.sha256}\n", "--no-binary=:all:")
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        members = [member for member in archive if member.isfile() and not member.name.endswith(".pyc")]
        return {member.name.partition("/")[2]: archive.extractfile(member).read() for member in members}  # type: ignore[union-attr]  # they are files


def wheels(package: Package) -> Path:
    """Return the folder with all that `prepare` installs."""
    pinned = Path(__file__).with_name(package.wheels).read_text(encoding="utf-8")
    return download(f"{package.pin}-wheels", pinned, "--only-binary=:all:")


def stage(
    folder: Path, package: Package, *, files: Mapping[str, str] | None = None, config: str | None = None
) -> Stage:
    """Make a repository with the bug at its head; `files` come to the published ones, `config` replaces the checks' own."""
    made = Stage.set_up(
        folder,
        files={**published(package), **(files or {})},
        config=checks_config(package) if config is None else config,
    )
    made.may_quote = True
    made.put_card(card(package))
    commit(made.root, {package.module: variant(package, package.bug)}, message=BUG)
    return made


def card(package: Package) -> dict[str, Any]:
    named = [{"name": name, "run": command(package, suite.run)} for name, suite in package.checks.items()]
    return {
        "task_id": package.task_id,
        "goal": package.goal,
        "in_scope": [f"{package.module.rpartition('/')[0]}/"],
        "acceptance_criteria": [{"text": "the tests of the package pass", "check": CRITERION}],
        "constraints": ["the tests stay as they are"],
        "checks": named if package.checks_in == "card" else [],
    }


def checks_config(package: Package) -> str:
    tables = {f"checks.{name}": {"run": command(package, suite.run)} for name, suite in package.checks.items()}
    setup = {"prepare": {"run": command(package, package.prepare), "files": list(package.prepare_files)}}
    return toml({**(tables if package.checks_in == "config" else {}), **(setup if package.prepare else {})})


def toml(tables: Mapping[str, Mapping[str, Any]]) -> str:
    """Write tables of texts and lists; both look in TOML as they do in JSON."""
    return "".join(
        f"\n[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())
        for name, table in tables.items()
    )


def command(package: Package, run: str) -> str:
    folder = shlex.quote(str(wheels(package))) if package.wheels else ""
    return run.format(python=shlex.quote(sys.executable), wheels=folder)


def variant(package: Package, lines: str) -> str:
    """Return the module with other lines in the place of the right ones."""
    module = published(package)[package.module].decode()
    assert module.count(package.right) == 1
    return module.replace(package.right, lines)


def mends(package: Package, lines: str, message: str) -> list[dict[str, Any]]:
    """Return the steps of a worker that commits these lines and says that the tests pass."""
    claim = {"notes": f"{message}: done.", "tests": [{"name": CRITERION, "result": "pass"}]}
    return [{"edit": {package.module: variant(package, lines)}}, {"commit": message}, {"report": claim}]


def reads(*texts: str) -> list[dict[str, Any]]:
    """Return the steps of a reviewer that approves, provided that its prompt says all this."""
    return [{"expect": list(texts)}, *approves()]


def archived(stage: Stage, name: str) -> Any:
    """Return a document of the archive of the stage's only run."""
    (place,) = (path for path in (stage.bus / "archive").iterdir() if path.is_dir())
    return json.loads((place / f"{name}.json").read_text(encoding="utf-8"))


def findings(stage: Stage, number: int) -> list[tuple[str, str]]:
    """Return code and effect of what loop found in a round, as the request for its review tells it."""
    return [(found["code"], found["effect"]) for found in archived(stage, f"r{number}_review_request")["findings"]]
