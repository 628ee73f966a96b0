"""The words of Roadstead as frozen types: what stages pass to one another.

Plain data: nothing here reads a clock, a file or a network. How the words are used is described in
ARCHITECTURE.md; how they are computed is the business of the stages.
"""
