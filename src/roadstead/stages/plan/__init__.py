"""Desired against live: `compare` drafts, `settle` decides what the server was asked about."""
