"""Python environments made for real, with what real installers leave in them."""

import json
import venv
from pathlib import Path


def make_venv(path: Path) -> Path:
    """Make a virtual environment and return the folder of its packages."""
    venv.create(path, with_pip=False, symlinks=True)
    return next(path.glob("lib/python*/site-packages"))


def make_script(venv_path: Path, name: str, first: str = "") -> Path:
    script = venv_path / "bin" / name
    script.unlink(missing_ok=True)  # it may be a link to the Python that runs the tests
    script.write_text(f"{first or f'#!{venv_path}/bin/python'}\nprint('run')\n", encoding="utf-8")
    script.chmod(0o755)
    return script


def by_path_file(site: Path, code: Path) -> None:
    """Install as setuptools and hatchling do for a src layout."""
    (site / "__editable__.thing-1.0.pth").write_text(f"{code}\n", encoding="utf-8")


def by_finder(site: Path, code: Path) -> None:
    """Install as setuptools does for a flat layout."""
    (site / "__editable__.thing-1.0.pth").write_text(
        "import __editable___thing_1_0_finder; __editable___thing_1_0_finder.install()", encoding="utf-8"
    )
    finder = f"import sys\nMAPPING = {{'thing': {str(code / 'thing')!r}}}\ndef install(): pass\n"
    (site / "__editable___thing_1_0_finder.py").write_text(finder, encoding="utf-8")


def by_egg_link(site: Path, code: Path) -> None:
    """Install as `setup.py develop` did."""
    (site / "thing.egg-link").write_text(f"{code}\n../\n", encoding="utf-8")


def by_direct_url(site: Path, code: Path) -> None:
    """Install a copy: what was copied is not what the tree holds."""
    (site / "thing-1.0.dist-info").mkdir()
    document = {"url": code.as_uri(), "dir_info": {}}
    (site / "thing-1.0.dist-info/direct_url.json").write_text(json.dumps(document), encoding="utf-8")


def by_symlink(site: Path, code: Path) -> None:
    """Install as flit does with --symlink."""
    (site / "thing").symlink_to(code / "thing")


WAYS = (by_path_file, by_finder, by_egg_link, by_direct_url, by_symlink)
