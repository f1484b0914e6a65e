from pathlib import Path

import pytest

from loop_kit.dispatch.beside import empty_beside
from loop_kit.errors import StartError


def test_the_folder_beside_a_tree_is_empty_each_time_and_always_the_same(tmp_path: Path):
    folder = empty_beside(tmp_path / "tree")
    (folder / ".env").write_text("PLANTED=1\n", encoding="utf-8")
    assert empty_beside(tmp_path / "tree") == folder
    assert (list(folder.iterdir()), folder.parent, folder.stat().st_mode & 0o777) == ([], tmp_path, 0o700)


@pytest.mark.parametrize("kind", ["link", "file"])
def test_what_lies_there_gives_way_and_what_a_link_leads_to_stays(tmp_path: Path, kind: str):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/kept").touch()
    place = tmp_path / "tree.apart"
    if kind == "link":
        place.symlink_to(tmp_path / "elsewhere")
    else:
        place.touch()
    assert list(empty_beside(tmp_path / "tree").iterdir()) == []
    assert not place.is_symlink()
    assert (tmp_path / "elsewhere/kept").exists()


def test_a_link_on_the_way_is_refused(tmp_path: Path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StartError, match="no empty folder can be made at"):
        empty_beside(tmp_path / "run/tree")
    assert list((tmp_path / "elsewhere").iterdir()) == []
