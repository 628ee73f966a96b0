"""The record, purely: what is written down of a change or decision, and whether a chain is still whole.

Where records are kept is world/store's, how they are chained language/chain.py's. Nothing here may put a value
of an object into a record: digests, names and paths of fields only.
"""
