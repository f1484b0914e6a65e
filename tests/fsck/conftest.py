import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.runs import Stage, approves, clearing, objects, works


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Stage, Path]:
    """Return the stage of a finished two-round run, and a copy of its folder."""
    folder = tmp_path_factory.mktemp("finished") / "stage"
    stage = Stage.set_up(folder, worker=[works("half\n"), works()], reviewer=[objects(), approves()])
    assert stage.run().code == 0
    return stage, Path(shutil.copytree(folder, folder.with_name("copy"), symlinks=True))


@pytest.fixture
def stage(finished: tuple[Stage, Path]) -> Iterator[Stage]:
    """Return that stage as it was, at the same path: a manifest names absolute paths."""
    stage, copy = finished
    folder = copy.with_name("stage")
    shutil.rmtree(folder)
    shutil.copytree(copy, folder, symlinks=True)
    with clearing(stage):
        yield stage
