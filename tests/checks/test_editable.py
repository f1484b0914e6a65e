import json
from pathlib import Path

import pytest

from loop_kit.checks.editable import find
from tests.checks.pythons_made import WAYS, make_venv


@pytest.mark.parametrize("install", WAYS)
def test_each_way_to_install_leaves_a_trace_that_is_found(tmp_path: Path, install):
    code = tmp_path / "the project"
    (code / "thing").mkdir(parents=True)
    site = make_venv(tmp_path / "env")
    install(site, code)
    targets = {target.resolve() for _, target in find(tmp_path / "env", code)}
    assert targets & {code, code / "thing"}


def test_an_environment_without_editable_installs_points_nowhere(tmp_path: Path):
    site = make_venv(tmp_path / "env")
    (site / "distutils-precedence.pth").write_text("import os; os.environ.get('X')\n", encoding="utf-8")
    (site / "inner.pth").write_text("# a comment\n\n./vendored\n", encoding="utf-8")
    (site / "wheel-1.0.dist-info").mkdir()
    (site / "wheel-1.0.dist-info/direct_url.json").write_text(
        json.dumps({"url": "https://example.invalid/x.whl", "archive_info": {}}), encoding="utf-8"
    )
    assert list(find(tmp_path / "env", tmp_path / "project")) == []


def test_what_lies_in_the_environment_itself_is_its_own(tmp_path: Path):
    project = tmp_path / "project"
    site = make_venv(project / ".venv")
    (site / "dep.pth").write_text(f"{project}/.venv/src/dep\n", encoding="utf-8")
    assert list(find(project / ".venv", project)) == []


def test_a_project_that_is_its_own_environment_hides_nothing(tmp_path: Path):
    site = make_venv(tmp_path)
    (site / "thing.pth").write_text(f"{tmp_path}/src\n", encoding="utf-8")
    assert [target for _, target in find(tmp_path, tmp_path)] == [tmp_path / "src"]


@pytest.mark.parametrize("content", [b"\xff\xfe\0", b"x" * 100_000, b"import gone, \n", b"\n\n\n"])
def test_a_broken_file_does_no_harm(tmp_path: Path, content: bytes):
    site = make_venv(tmp_path / "env")
    for name in ("broken.pth", "broken.egg-link"):
        (site / name).write_bytes(content)
    (site / "x.dist-info").mkdir()
    (site / "x.dist-info/direct_url.json").write_bytes(content)
    (site / "loop").symlink_to(site / "loop")
    assert isinstance(list(find(tmp_path / "env", tmp_path / "project")), list)
