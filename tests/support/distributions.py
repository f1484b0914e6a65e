"""Packages that are installed, as far as Python can tell."""

from pathlib import Path


def install(folder: Path, group: str, offers: str, *, name: str = "someone-else") -> None:
    """Put a distribution into a folder of Python's path that offers entry points: `NAME = MODULE:ATTRIBUTE`, one a line."""
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[{group}]\n{offers}\n", encoding="utf-8")
