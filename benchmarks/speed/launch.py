"""Runs one command and prints how long it took and its peak memory; imports no package.

``python -I -S launch.py COMMAND``: standard output is one line of JSON, the exit status that of
the command. Linux counts what the starter of a process held as a part of that process's peak, and
this program holds less than any that it is asked to measure.
"""

import json
import os
import sys
from time import perf_counter


def main(command: list[str]) -> int:
    """Run ``command``, its standard output dropped; ``peak_kib`` is its peak resident memory."""
    silence = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    # Python compiles a module once for all starts, unless a developer's environment forbids it.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    start = perf_counter()
    child = os.posix_spawnp(command[0], command, environment, file_actions=silence)
    _, status, usage = os.wait4(child, 0)
    print(json.dumps({"seconds": perf_counter() - start, "peak_kib": usage.ru_maxrss}))
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
