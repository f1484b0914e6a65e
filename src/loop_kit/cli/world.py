"""The world outside, as a command that starts programs hands it on."""

import os
import time

from loop_kit.cli.edge import Edge
from loop_kit.cli.places import scratch_root
from loop_kit.processes.signals import Interruption
from loop_kit.rounds.context import Clock, Listener, World, utc_now


def world_of(edge: Edge, interruption: Interruption, listener: Listener) -> World:
    return World(
        environment=edge.environment,
        interruption=interruption,
        clock=Clock(now=utc_now, seconds=time.monotonic),
        listener=listener,
        scratch=scratch_root(edge),
        token=lambda: os.urandom(8).hex(),
    )
