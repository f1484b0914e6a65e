"""The world outside, as a command that starts programs hands it on."""

import json
import os
import sys
import time

from loop_kit.cli.edge import Edge
from loop_kit.cli.places import scratch_root, trees_root
from loop_kit.engine.world import Clock, Listener, World, utc_now
from loop_kit.model.events import Event
from loop_kit.model.feed_event import data_of, name_of
from loop_kit.processes.signals import Interruption


def world_of(edge: Edge, interruption: Interruption, listener: Listener) -> World:
    return World(
        environment=edge.environment,
        interruption=interruption,
        clock=Clock(now=utc_now, seconds=time.monotonic),
        listener=listener,
        scratch=scratch_root(edge),
        trees=trees_root(edge),
        token=lambda: os.urandom(8).hex(),
    )


def json_lines(event: Event, **more: str) -> None:
    """Tell a program that reads stdout what happens, such as the PM of a round process: one object a line."""
    try:
        sys.stdout.write(json.dumps({**more, "event": name_of(event), "data": data_of(event)}) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        return
