"""Schemas made ready for use: `shapes` is what they compile to, `builtin` and `structural` compile them.

`completing` fills values as the server stores them, `decoding` finds what it cannot read, `requiring` what
it refuses for the schema's sake.
"""
