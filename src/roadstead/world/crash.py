"""Named points at which a test may end the process: `crash.here("after-union")`.

In a product run they cost one call of an empty function. A test replaces `here` by a function that
raises at the point it wants, and looks at what the next run makes of the world it left.
"""

from collections.abc import Callable


def _go_on(point: str) -> None:
    pass


here: Callable[[str], None] = _go_on
