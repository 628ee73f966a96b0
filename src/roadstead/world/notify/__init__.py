"""Receivers of alerts, a file for each kind: each sends one thing once, within a deadline, or says why not.

What to send and when to try again is the caller's. No problem that is raised here holds an address or a secret, for
an address often is one.
"""
