"""Versions of built-in kinds whose objects have another shape than the one they are kept in.

One file a kind, with `kept` (from the version to the stored form) and `shown` (back). Both take and give whole
values; kind, apiVersion and defaults are left to the caller.
"""
