"""How soon the command line is there: `roadstead --help`, and what importing takes of it and of `apply`. Medians of ten."""

import statistics
import sys

from bench import measured

RUNS = 10
GOAL = 0.3


def main() -> None:
    commands = {
        "Python alone": (sys.executable, "-c", "pass"),
        "import roadstead.cli.main": (sys.executable, "-c", "import roadstead.cli.main"),
        "import what apply needs": (sys.executable, "-c", "import roadstead.operations.apply, aiohttp"),
        "roadstead --help": (*measured.ROADSTEAD, "--help"),
    }
    for name, command in commands.items():
        found = [measured.run(command, environment={}, look_every=0.002) for _ in range(RUNS)]
        seconds = statistics.median(one.seconds for one in found)
        processor = statistics.median(one.processor for one in found)
        print(f"  {name:<26} {seconds:6.3f} s, of the processor {processor:6.3f} s")
    print(f"  (goal of the command line and its help: under {GOAL} s)")


if __name__ == "__main__":
    main()
