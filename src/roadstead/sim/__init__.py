"""Simulated Kubernetes clusters: many API servers in one process, speaking the real HTTP API on loopback.

It imports only `language` and `model`, never what talks to clusters: a mistake shared by both sides would pass
every test. What it is not is said in docs/sim.md, and answered with 501.
"""
