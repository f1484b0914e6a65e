"""Programs that do not want to end, as pieces of Python."""

IGNORE_SIGTERM = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
open("pid", "w").write(str(os.getpid()))
time.sleep(60)
"""

# A daemon as the book has it: forks twice, leads a session of its own, is deaf to SIGTERM, and writes late.
DAEMON = """
import os, signal, sys, time
if os.fork():
    while not os.path.exists("daemon"):
        time.sleep(0.005)
    {then}
    sys.exit(0)
os.setsid()
if os.fork():
    os._exit(0)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
{quiet}
with open("daemon.new", "w") as file:
    file.write(str(os.getpid()))
os.rename("daemon.new", "daemon")
time.sleep(60)
open("late", "w").write("written late")
"""
_CLOSED = 'null = os.open("/dev/null", os.O_RDWR); os.dup2(null, 1); os.dup2(null, 2)'


def daemon(*, then: str = "pass", holds_output: bool = False) -> str:
    return DAEMON.format(then=then, quiet="pass" if holds_output else _CLOSED)


HELPER_HOLDS_STDOUT = """
import os, time
print("done", flush=True)
if not os.fork():
    time.sleep(60)
"""

CLOSES_STDOUT_AND_WORKS_ON = """
import os, time
print("going quiet", flush=True)
os.close(1); os.close(2)
time.sleep(0.3)
open("finished", "w").write("yes")
"""

# Whoever is seen has forked and is gone. It blows over by itself, so that a failing test does not take the machine along.
FORK_STORM = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
end = time.monotonic() + 20
for line in range(4):
    if not os.fork():
        os.setsid()
        while time.monotonic() < end:
            if os.fork():
                os._exit(0)
        os._exit(0)
open("storm", "w").write("blowing")
time.sleep(60)
"""

# Without its reaper nobody would tell of its end. Waits to be killed; a helper of it has already left its process group.
KILLS_ITS_REAPER = """
import os, signal, time
if not os.fork():
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    open("helper", "w").write(str(os.getpid()))
    time.sleep(60)
while not os.path.exists("helper"):
    time.sleep(0.005)
os.kill(os.getppid(), signal.SIGKILL)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
time.sleep(60)
"""

STOPS_ITS_REAPER = """
import os, signal
os.kill(os.getppid(), signal.SIGSTOP)
"""

# The reaper shares a processor with this loop and has to yield to it, so when it is woken it is stopped before it runs.
KEEPS_ITS_REAPER_STOPPED = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
reaper = os.getppid()
for pid in (0, reaper):
    os.sched_setaffinity(pid, [min(os.sched_getaffinity(0))])
os.sched_setscheduler(reaper, os.SCHED_IDLE, os.sched_param(0))
open("pid", "w").write(str(os.getpid()))
while os.getppid() == reaper:
    os.kill(reaper, signal.SIGSTOP)
time.sleep(60)
"""

# Keeps a child through the end of the other program, of which a tick writes "ended", and says whether it lives then.
KEEPS_A_CHILD = """
import os, signal, time
child = os.fork()
if not child:
    time.sleep(60)
open("keeping", "w").close()
while not os.path.exists("ended"):
    time.sleep(0.005)
print("child lives" if os.waitpid(child, os.WNOHANG) == (0, 0) else "child was ended", flush=True)
os.kill(child, signal.SIGKILL)
os.wait()
"""


def after(name: str, code: str) -> str:
    """Return the code, begun when there is a file of that name."""
    return f"import os, time\nwhile not os.path.exists({name!r}): time.sleep(0.005)\n{code}"
