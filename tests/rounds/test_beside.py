from pathlib import Path

import pytest

from loop_kit.errors import StartError
from loop_kit.rounds.beside import empty_beside


def test_the_folder_beside_a_tree_is_empty_each_time_and_always_the_same(tmp_path: Path):
    folder = empty_beside(tmp_path / "tree")
    (folder / ".env").write_text("PLANTED=1\n", encoding="utf-8")
    assert empty_beside(tmp_path / "tree") == folder
    assert (list(folder.iterdir()), folder.parent, folder.stat().st_mode & 0o777) == ([], tmp_path, 0o700)


@pytest.mark.parametrize("kind", ["link", "file"])
def test_what_is_no_folder_is_refused_and_left_as_it_is(tmp_path: Path, kind: str):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/kept").touch()
    place = tmp_path / "tree.apart"
    if kind == "link":
        place.symlink_to(tmp_path / "elsewhere")
    else:
        place.touch()
    with pytest.raises(StartError, match="no empty folder can be made at"):
        empty_beside(tmp_path / "tree")
    assert (tmp_path / "elsewhere/kept").exists()
