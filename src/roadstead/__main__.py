"""`python -m roadstead` is `roadstead`."""

from roadstead.cli.main import run

if __name__ == "__main__":
    run()
