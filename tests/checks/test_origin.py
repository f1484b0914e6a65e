from pathlib import Path

import pytest

from loop_kit.checks.origin import Origin, project_name, read_text

NAMED = '[project]\nname = "The_Thing"\n'


def make(folder: Path, text: str = "", file: str = "pyproject.toml") -> Path:
    (folder / "src").mkdir(parents=True)
    (folder / file).write_text(text, encoding="utf-8")
    return folder


def test_code_of_the_persons_tree_is_foreign_and_that_of_the_checked_tree_is_not(tmp_path: Path):
    origin = Origin.of(make(tmp_path / "tree"), make(tmp_path / "project"))
    assert origin.is_foreign(tmp_path / "project/src")
    assert not origin.is_foreign(tmp_path / "tree/src")
    assert not origin.is_foreign(tmp_path / "elsewhere")


def test_a_link_is_where_it_leads(tmp_path: Path):
    origin = Origin.of(make(tmp_path / "tree"), make(tmp_path / "project"))
    (tmp_path / "tree/link").symlink_to(tmp_path / "project/src")
    assert origin.is_foreign(tmp_path / "tree/link")
    (tmp_path / "tree/endless").symlink_to(tmp_path / "tree/endless")
    assert not origin.is_foreign(tmp_path / "tree/endless")


def test_another_clone_of_the_same_project_is_foreign_and_another_project_is_not(tmp_path: Path):
    origin = Origin.of(make(tmp_path / "tree", NAMED), make(tmp_path / "project", NAMED))
    make(tmp_path / "clone", '[project]\nname = "the-thing"\n')
    make(tmp_path / "other", '[project]\nname = "other"\n')
    assert origin.is_foreign(tmp_path / "clone/src/the_thing")
    assert not origin.is_foreign(tmp_path / "other/src/other")
    assert not origin.is_foreign(tmp_path / "tree/src/the_thing")


@pytest.mark.parametrize(
    ("file", "text", "name"),
    [
        ("pyproject.toml", NAMED, "the-thing"),
        ("pyproject.toml", '[tool.poetry]\nname = "thing"\n', "thing"),
        ("setup.cfg", "[metadata]\nname = thing\n", "thing"),
        (
            "setup.py",
            "from setuptools import setup\nsetup(\n    version='1.0',\n    name='The.Thing',\n)\n",
            "the-thing",
        ),
        ("setup.py", 'import setuptools\nname = "other"\nsetuptools.setup(name="thing", packages=["a"])\n', "thing"),
        ("setup.py", "from setuptools import setup\nsetup(packages=['a'], name=NAME)\n", ""),
        ("setup.py", "setup(\x00", ""),
        ("pyproject.toml", "[tool.black]\n", ""),
        ("pyproject.toml", "[project\n", ""),
        ("setup.cfg", "no section\n", ""),
        ("README", "", ""),
    ],
)
def test_a_project_is_named_by_its_own_files(tmp_path: Path, file: str, text: str, name: str):
    assert project_name(make(tmp_path / "project", text, file)) == name


def test_what_cannot_be_read_is_empty(tmp_path: Path):
    assert [read_text(path) for path in (tmp_path, tmp_path / "gone", Path("/dev/zero"))] == ["", "", ""]
