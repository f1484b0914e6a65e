"""loop with a fault in it: a copy of the sources, and a Python that finds that copy and no other."""

import shutil
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def planted(folder: Path, file: str, changes: Mapping[str, str]) -> str:
    """Return a Python that runs loop with texts replaced in one file; each has to be there exactly once."""
    for name in ("src", "schemas", "defaults"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    path = folder / "src/loop_kit" / file
    source = path.read_text(encoding="utf-8")
    for healthy, faulty in changes.items():
        assert source.count(healthy) == 1, f"{file} has {source.count(healthy)} times: {healthy}"
        source = source.replace(healthy, faulty)
    path.write_text(source, encoding="utf-8")
    return _python(folder / "python", folder / "src")


def _python(folder: Path, source: Path) -> str:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = folder / "lib" / version / "site-packages"
    packages.mkdir(parents=True)
    # Sources first. Files named .pth in the second folder are not read: the editable install stays unseen.
    packages.joinpath("planted.pth").write_text(f"{source}\n{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    real = Path(sys.executable).resolve()
    folder.joinpath("pyvenv.cfg").write_text(f"home = {real.parent}\n", encoding="utf-8")
    program = folder / "bin" / "python"
    program.parent.mkdir()
    program.symlink_to(real)
    return str(program)
