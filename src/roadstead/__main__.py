"""`python -m roadstead` is `roadstead`."""

from roadstead.cli.start import run

if __name__ == "__main__":
    run()
