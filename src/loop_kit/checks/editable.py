"""Where a Python installation takes code from besides its own folders: what editable installs leave behind."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from loop_kit.checks.origin import read_text

_QUOTED_PATH = re.compile(r"""(['"])(/[^'"\n]+)\1""")
_IMPORTED = re.compile(r"\bimport\s+(\w+)")
_LONGEST = 4096  # characters of a path


def find(prefix: Path, project_root: Path) -> Iterator[tuple[Path, Path]]:
    """Return each file in an installation that points to code elsewhere, with the place it points to."""
    for site in _sites(prefix):
        own = (site,) if project_root.is_relative_to(prefix.resolve()) else (site, prefix)
        inner = tuple(folder.resolve() for folder in own)
        for file, target in _pointers(site):
            if len(str(target)) <= _LONGEST and not _within(target, inner):
                yield file, target


def _sites(prefix: Path) -> list[Path]:
    """Return the folders of installed packages, each once: lib64 is often lib under another name."""
    found = [site for folder in ("lib", "lib64") for site in sorted(prefix.glob(f"{folder}/p*/*-packages"))]
    return list({site.resolve(): site for site in reversed(found)}.values())


def _within(target: Path, folders: tuple[Path, ...]) -> bool:
    try:
        place = target.resolve()
    except (OSError, RuntimeError, ValueError):
        return True
    return any(place.is_relative_to(folder) for folder in folders)


def _pointers(site: Path) -> Iterator[tuple[Path, Path]]:
    for file in sorted(site.iterdir()):
        match file.suffix:
            case ".pth":
                yield from ((file, target) for target in _path_file(file))
            case ".egg-link":
                yield file, site / read_text(file).partition("\n")[0].strip()
            case ".dist-info":
                url = file / "direct_url.json"
                yield from ((url, target) for target in _direct_url(url))
            case _ if file.is_symlink():
                yield file, file


def _path_file(file: Path) -> Iterator[Path]:
    """Return the folders that a .pth file adds, and every path that the modules it imports mention."""
    for line in read_text(file).splitlines():
        if line.startswith(("import ", "import\t")):
            for module in _IMPORTED.findall(line):
                text = read_text(file.with_name(f"{module}.py"))
                yield from (Path(path) for _, path in _QUOTED_PATH.findall(text))
        elif line.strip() and not line.startswith("#"):
            yield file.parent / line.strip()


def _direct_url(file: Path) -> Iterator[Path]:
    """Return the folder that a distribution was installed from, copied or not: either way it is not the tree's."""
    text = read_text(file)
    try:
        match json.loads(text or "null"):
            case {"url": str(url), "dir_info": dict()} if url.startswith("file:"):
                yield Path(unquote(urlsplit(url).path))
    except (ValueError, RecursionError):
        return
