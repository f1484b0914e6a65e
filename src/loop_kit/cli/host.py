"""The host as a run sees it: environment, clock, interruptions, scratch folder, and who hears events."""

import json
import os
import sys
import time

from loop_kit.cli.invocation import Invocation
from loop_kit.cli.places import scratch_root, trees_root
from loop_kit.engine.world import Clock, Listener, World, utc_now
from loop_kit.model.events import Event
from loop_kit.model.feed_event import data_of, name_of
from loop_kit.processes.signals import Interruption


def host_of(invocation: Invocation, interruption: Interruption, listener: Listener) -> World:
    return World(
        environment=invocation.environment,
        interruption=interruption,
        clock=Clock(now=utc_now, seconds=time.monotonic),
        listener=listener,
        scratch=scratch_root(invocation),
        trees=trees_root(invocation),
        token=lambda: os.urandom(8).hex(),
    )


def print_event(event: Event, **more: str) -> None:
    """Print an event as a line of JSON on stdout, for a program such as the PM of a round process."""
    try:
        sys.stdout.write(json.dumps({**more, "event": name_of(event), "data": data_of(event)}) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        return
