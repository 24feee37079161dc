"""A toy service as a process of its own, by the real runner: `python toy_process.py catalog`."""

import sys

# isort: off
import chassis.runner as runner
from tests.integration.chassis.ground import TOYS, Requests
# isort: on

if __name__ == "__main__":
    runner.service_class = lambda name: TOYS[name]
    if len(sys.argv) > 2:
        Requests.slow = float(sys.argv[2])
    sys.exit(runner.run(sys.argv[1:2]))
