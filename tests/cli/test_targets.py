from pathlib import Path

import pytest

from loop_kit.cli.invocation import Invocation
from loop_kit.cli.targets import existing_bus
from loop_kit.errors import StartError


def test_without_a_bus_there_is_nothing_to_look_at(tmp_path: Path):
    with pytest.raises(StartError, match="does not exist"):
        existing_bus(Invocation(environment={}, cwd=tmp_path, loop_dir="none"))
