"""Spans for whoever traces: `with tracing.span("step", cluster=…) as span: …`.

By default a span is one shared object that does nothing, so that tracing which is off costs a call. An edge that
traces (hub/traces) puts its own `span` here. Attributes are names and counts, never what objects hold.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol, Self

Value = str | int | float | bool


class Span(Protocol):
    def set_attribute(self, name: str, value: Value) -> None: ...


class _Nothing:
    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def set_attribute(self, name: str, value: Value) -> None:
        pass


_NOTHING = _Nothing()


def _untraced(name: str, /, **told: Value) -> AbstractContextManager[Span]:
    return _NOTHING


span: Callable[..., AbstractContextManager[Span]] = _untraced
"""Opens a span of this name with these attributes; an exception that leaves it is its error."""
