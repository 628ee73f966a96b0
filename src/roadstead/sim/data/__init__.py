"""What real API servers said, one file per minor version (written by tests/sim/generate)."""
